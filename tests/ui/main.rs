//! Refused programs with their messages, and accepted shapes.
