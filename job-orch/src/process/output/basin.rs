//! A pipe of our own, which the output of a process that floods is moved into before it is copied.
//!
//! Whoever copies out of a pipe keeps its writers out of it meanwhile. To move pages from one pipe into another takes no
//! time: so the process writes on while we copy.

use std::io;
use std::os::fd::OwnedFd;

/// An empty pipe, or none: where it cannot be had, output is copied straight away.
#[derive(Debug)]
pub(super) struct Basin(#[cfg(target_os = "linux")] Option<(OwnedFd, OwnedFd)>);

#[cfg(target_os = "linux")]
impl Basin {
    /// For so many bytes at once.
    pub(super) fn new(bytes: usize) -> Self {
        use rustix::pipe::{PipeFlags, fcntl_setpipe_size, pipe_with};
        let ends = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK).ok();
        if let Some((_, writer)) = &ends {
            // A smaller one takes more steps.
            let _ = fcntl_setpipe_size(writer, bytes);
        }
        Self(ends)
    }

    /// Reads from a pipe that does not block. What has been moved is read to its end: nothing stays here.
    pub(super) fn read(&self, pipe: &OwnedFd, buffer: &mut [u8]) -> io::Result<usize> {
        use rustix::pipe::{SpliceFlags, splice};
        let Some((reader, writer)) = &self.0 else { return read(pipe, buffer) };
        let flags = SpliceFlags::NONBLOCK | SpliceFlags::MOVE;
        let moved = match splice(pipe, None, writer, None, buffer.len(), flags) {
            // Not on this system.
            Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS | rustix::io::Errno::PERM) => {
                return read(pipe, buffer);
            }
            moved => moved?,
        };
        let mut len = 0;
        while len < moved {
            match read(reader, &mut buffer[len..moved]) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(read) => len += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(moved)
    }
}

#[cfg(not(target_os = "linux"))]
impl Basin {
    pub(super) fn new(_: usize) -> Self {
        Self()
    }

    pub(super) fn read(&self, pipe: &OwnedFd, buffer: &mut [u8]) -> io::Result<usize> {
        read(pipe, buffer)
    }
}

fn read(pipe: &OwnedFd, buffer: &mut [u8]) -> io::Result<usize> {
    Ok(rustix::io::read(pipe, buffer)?)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use rustix::pipe::{PipeFlags, pipe_with};

    use super::*;

    fn pipe() -> (OwnedFd, OwnedFd) {
        let Ok(ends) = pipe_with(PipeFlags::NONBLOCK | PipeFlags::CLOEXEC) else { unreachable!("a pipe") };
        ends
    }

    /// Many small writes are many pages, more than the basin has room for, and end within one.
    #[test]
    fn nothing_is_lost_or_kept_back_on_the_way() {
        let (basin, (reader, writer)) = (Basin::new(8 << 10), pipe());
        let (mut sent, mut got, mut buffer) = (Vec::new(), Vec::new(), vec![0; 10_000]);
        for round in 0_u8..200 {
            let some: Vec<u8> = (0..usize::from(round) * 37).map(|number| number as u8 ^ round).collect();
            assert_eq!(rustix::io::write(&writer, &some), Ok(some.len()));
            sent.extend_from_slice(&some);
            let room = 1 + usize::from(round) * 41;
            while let Ok(len) = basin.read(&reader, &mut buffer[..room.min(10_000)]) {
                got.extend_from_slice(&buffer[..len]);
            }
        }
        assert_eq!(got, sent);
        let error = basin.read(&reader, &mut buffer).map_err(|error| error.kind());
        assert_eq!(error, Err(io::ErrorKind::WouldBlock));
        drop(writer);
        let end = loop {
            match basin.read(&reader, &mut buffer) {
                // A process that another test is about to start has it open for a moment.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => std::thread::yield_now(),
                end => break end.ok(),
            }
        };
        assert_eq!(end, Some(0));
    }
}
