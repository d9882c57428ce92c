//! Whether a model that is being read still comes in: a slow disk is waited for, one that is gone is not.

use std::fs;
use std::time::Duration;

/// How often that is looked at.
pub(super) const LOOK: Duration = Duration::from_secs(1);

/// Looks in a row that found nothing new before it is given up. Counted, not timed: a machine that slept read nothing either.
pub(super) const PATIENCE: u32 = 60;

/// What moves while a file is read into memory, however slowly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Traces {
    /// Bytes that came from disks and over the network.
    fetched: u64,
    /// Pages that this process holds.
    resident: u64,
}

impl Traces {
    /// Those of this process; `None` where the system does not tell.
    pub(super) fn now() -> Option<Self> {
        let io = fs::read_to_string("/proc/self/io").ok()?;
        let fetched = io.lines().find_map(|line| line.strip_prefix("read_bytes:"))?;
        let memory = fs::read_to_string("/proc/self/statm").ok()?;
        Some(Self {
            fetched: fetched.trim().parse().ok()?,
            resident: memory.split_whitespace().nth(1)?.parse().ok()?,
        })
    }
}

/// How a file comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pace {
    /// Some of it did, be it less than a tensor.
    Moving,
    /// Nothing did just now, or nobody knows.
    Quiet,
    /// Nothing did for [`PATIENCE`] looks.
    Stalled,
}

/// Looks at it again and again.
#[derive(Debug, Default)]
pub(super) struct Watch {
    last: Option<Traces>,
    quiet: u32,
}

impl Watch {
    /// A tensor is whole.
    pub(super) fn moved(&mut self) {
        self.quiet = 0;
    }

    /// One more look.
    pub(super) fn look(&mut self, traces: Option<Traces>) -> Pace {
        if traces.is_none() {
            return Pace::Quiet;
        }
        if traces != self.last {
            self.last = traces;
            self.quiet = 0;
            return Pace::Moving;
        }
        self.quiet += 1;
        if self.quiet < PATIENCE {
            Pace::Quiet
        } else {
            Pace::Stalled
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn traces(fetched: u64, resident: u64) -> Traces {
        Traces { fetched, resident }
    }

    #[test]
    fn slow_is_not_stalled() {
        let mut watch = Watch::default();
        for page in 0..u64::from(PATIENCE) * 3 {
            assert_eq!(watch.look(Some(traces(4096, page))), Pace::Moving);
        }
        for _ in 0..PATIENCE * 3 {
            assert_eq!(watch.look(None), Pace::Quiet, "nobody knows");
        }
    }

    #[test]
    fn nothing_for_long_enough_is_stalled() {
        let mut watch = Watch::default();
        watch.look(Some(traces(1, 1)));
        for _ in 1..PATIENCE {
            assert_eq!(watch.look(Some(traces(1, 1))), Pace::Quiet);
        }
        watch.moved();
        for _ in 1..PATIENCE {
            assert_eq!(
                watch.look(Some(traces(1, 1))),
                Pace::Quiet,
                "a tensor was whole meanwhile"
            );
        }
        assert_eq!(watch.look(Some(traces(1, 1))), Pace::Stalled);
    }
}
