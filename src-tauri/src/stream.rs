//! Events to the page in messages of several, at most thirty a second, however fast they come.

use serde::Serialize;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tauri::ipc::Channel;

/// Between two messages.
pub const PACE: Duration = Duration::from_millis(34);

/// How an event joins those that still wait: pieces of text grow together, a later state replaces an earlier one.
pub trait Merge: Sized {
    /// True when `self` took `next` in; else `next` stands on its own.
    fn absorb(&mut self, next: &Self) -> bool;
}

/// The end of a stream on our side. Dropping it sends what waits and then an empty message: the end.
pub struct Stream<T: Send + 'static> {
    sender: Option<Sender<T>>,
    thread: Option<JoinHandle<()>>,
}

impl<T: Merge + Serialize + Send + 'static> Stream<T> {
    /// A stream into a channel of the page.
    pub fn new(channel_to_page: Channel<Vec<T>>) -> Self {
        Self::over(move |events| {
            // The page may be gone; then nobody is left to tell.
            let _gone = channel_to_page.send(events);
        })
    }

    fn over(send: impl Fn(Vec<T>) + Send + 'static) -> Self {
        let (sender, receiver) = channel();
        let thread = std::thread::spawn(move || pump(&receiver, &send));
        Self {
            sender: Some(sender),
            thread: Some(thread),
        }
    }

    /// Adds an event.
    pub fn tell(&self, event: T) {
        if let Some(sender) = &self.sender {
            let _gone = sender.send(event);
        }
    }
}

impl<T: Send + 'static> Drop for Stream<T> {
    fn drop(&mut self) {
        drop(self.sender.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("a stream to the page ended in a panic");
        }
    }
}

/// The first event goes at once, those that follow within [`PACE`] go together.
fn pump<T: Merge>(receiver: &Receiver<T>, send: &dyn Fn(Vec<T>)) {
    let mut open = true;
    while open {
        let Ok(first) = receiver.recv() else { break };
        send(vec![first]);
        loop {
            let due = Instant::now() + PACE;
            let mut waiting: Vec<T> = Vec::new();
            loop {
                match receiver.recv_timeout(due.saturating_duration_since(Instant::now())) {
                    Ok(event) => {
                        if !waiting.last_mut().is_some_and(|last| last.absorb(&event)) {
                            waiting.push(event);
                        }
                    }
                    Err(RecvTimeoutError::Timeout) => break,
                    Err(RecvTimeoutError::Disconnected) => {
                        open = false;
                        break;
                    }
                }
            }
            if waiting.is_empty() {
                break;
            }
            send(waiting);
            if !open {
                break;
            }
        }
    }
    send(Vec::new());
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Debug, PartialEq, Serialize)]
    struct Piece(String);

    impl Merge for Piece {
        fn absorb(&mut self, next: &Self) -> bool {
            self.0.push_str(&next.0);
            true
        }
    }

    #[test]
    fn a_flood_becomes_few_messages_and_loses_nothing() {
        let messages: Arc<Mutex<Vec<Vec<Piece>>>> = Arc::default();
        let stream = Stream::over({
            let messages = Arc::clone(&messages);
            move |events| messages.lock().unwrap().push(events)
        });
        let began = Instant::now();
        for number in 0..2000 {
            stream.tell(Piece(format!("{number} ")));
            if number % 100 == 0 {
                std::thread::sleep(Duration::from_millis(5));
            }
        }
        drop(stream);
        let allowed = began.elapsed().as_millis() / PACE.as_millis() + 4;
        let messages = messages.lock().unwrap();
        assert!(
            messages.len() as u128 <= allowed,
            "{} messages, {allowed} allowed",
            messages.len()
        );
        assert_eq!(messages.last(), Some(&Vec::new()), "the end is told");
        let text: String = messages.iter().flatten().map(|piece| piece.0.as_str()).collect();
        assert_eq!(text, (0..2000).map(|number| format!("{number} ")).collect::<String>());
    }
}
