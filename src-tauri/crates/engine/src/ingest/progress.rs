//! How far the queue is: counts, rate over the last ten seconds, time left.

use crate::events::IngestProgress;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Passages a second are averaged over this time.
const WINDOW: Duration = Duration::from_secs(10);
/// Overall progress is told this often at most.
const INTERVAL: Duration = Duration::from_millis(250);

/// Counts of the present queue. Time is passed in.
#[derive(Debug)]
pub struct Progress {
    done: u32,
    total: u32,
    started: Instant,
    finished: VecDeque<(Instant, u32)>,
    told: Option<Instant>,
    paused: Option<String>,
    paused_since: Option<Instant>,
}

impl Progress {
    /// An empty queue.
    pub fn new(now: Instant) -> Self {
        Self {
            done: 0,
            total: 0,
            started: now,
            finished: VecDeque::new(),
            told: None,
            paused: None,
            paused_since: None,
        }
    }

    /// More files wait. A queue that was finished begins anew.
    pub fn queued(&mut self, files: u32, now: Instant) {
        if self.done >= self.total {
            *self = Self {
                paused: self.paused.take(),
                paused_since: self.paused_since.map(|_| now),
                ..Self::new(now)
            };
        }
        self.total += files;
    }

    /// A file is settled, with so many passages.
    pub fn settled(&mut self, chunks: u32, now: Instant) {
        self.done += 1;
        self.total = self.total.max(self.done);
        self.finished.push_back((now, chunks));
        while self
            .finished
            .front()
            .is_some_and(|(at, _)| now.duration_since(*at) > WINDOW)
        {
            self.finished.pop_front();
        }
    }

    /// The queue is empty. True where files had left it without being settled: they were cancelled or removed.
    pub fn end(&mut self) -> bool {
        let left = self.total > self.done;
        self.total = self.done;
        left
    }

    /// Why nothing moves, or that it does again. The time left is reckoned from the time that was worked.
    pub fn pause(&mut self, reason: Option<String>, now: Instant) {
        match (&reason, self.paused_since) {
            (Some(_), None) => self.paused_since = Some(now),
            (None, Some(since)) => {
                self.started += now.duration_since(since);
                self.paused_since = None;
            }
            _ => {}
        }
        self.paused = reason;
    }

    /// The counts now.
    pub fn reading(&self, now: Instant) -> IngestProgress {
        let chunks: u32 = self
            .finished
            .iter()
            .filter(|(at, _)| now.duration_since(*at) <= WINDOW)
            .map(|(_, chunks)| chunks)
            .sum();
        let over = now.duration_since(self.started).min(WINDOW).as_secs_f32().max(0.5);
        let left = self.total.saturating_sub(self.done);
        let elapsed = now.duration_since(self.started).as_secs_f32();
        let remaining_s = match (left, self.done) {
            (0, _) => Some(0.0),
            (_, 0..3) => None,
            (left, done) => Some(elapsed / done as f32 * left as f32),
        };
        IngestProgress {
            done: self.done,
            total: self.total,
            chunks_per_second: chunks as f32 / over,
            remaining_s: remaining_s.filter(|_| self.paused.is_none()),
            paused: self.paused.clone(),
        }
    }

    /// The counts, if it is time to tell them again: four times a second at most, and always at the end.
    pub fn due(&mut self, now: Instant) -> Option<IngestProgress> {
        let finished = self.done >= self.total;
        if !finished && self.told.is_some_and(|told| now.duration_since(told) < INTERVAL) {
            return None;
        }
        self.told = Some(now);
        Some(self.reading(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Five of ten documents, one a second with twenty passages each.
    fn half_done(start: Instant) -> Progress {
        let mut progress = Progress::new(start);
        progress.queued(10, start);
        for second in 1..=5 {
            progress.settled(20, start + Duration::from_secs(second));
        }
        progress
    }

    #[test]
    fn rate_and_time_left_follow_the_clock_passed_in() {
        let start = Instant::now();
        let at = |seconds: f32| start + Duration::from_secs_f32(seconds);
        let progress = half_done(start);
        let reading = progress.reading(at(5.0));
        assert_eq!((reading.done, reading.total), (5, 10));
        assert!((reading.chunks_per_second - 20.0).abs() < 0.1, "{reading:?}");
        assert!((reading.remaining_s.unwrap() - 5.0).abs() < 0.1, "{reading:?}");
        assert!(progress.reading(at(60.0)).chunks_per_second < f32::EPSILON);
    }

    #[test]
    fn a_pause_does_not_count_for_the_time_left() {
        let start = Instant::now();
        let at = |seconds: f32| start + Duration::from_secs_f32(seconds);
        let mut progress = half_done(start);
        progress.pause(Some("paused".to_owned()), at(5.0));
        progress.pause(Some("paused".to_owned()), at(900.0));
        assert_eq!(progress.reading(at(3600.0)).remaining_s, None);
        progress.pause(None, at(3605.0));
        let reading = progress.reading(at(3605.0));
        assert!((reading.remaining_s.unwrap() - 5.0).abs() < 0.1, "{reading:?}");
    }

    #[test]
    fn it_is_told_four_times_a_second_and_at_the_end() {
        let start = Instant::now();
        let mut progress = Progress::new(start);
        progress.queued(3, start);
        progress.settled(1, start);
        assert!(progress.due(start).is_some());
        progress.settled(1, start);
        assert!(progress.due(start + Duration::from_millis(100)).is_none());
        progress.settled(1, start);
        assert!(progress.due(start + Duration::from_millis(110)).is_some());
    }

    #[test]
    fn a_finished_queue_begins_anew() {
        let start = Instant::now();
        let mut progress = Progress::new(start);
        progress.queued(1, start);
        progress.settled(1, start);
        progress.queued(2, start);
        assert_eq!((progress.reading(start).done, progress.reading(start).total), (0, 2));
    }
}
