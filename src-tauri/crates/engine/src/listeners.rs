//! Whoever wants to hear: callbacks that are told what happens, until their [`Subscription`] is dropped.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

type Callback<T> = Arc<dyn Fn(&T) + Send + Sync>;

struct Table<T> {
    next: u64,
    callbacks: Vec<(u64, Callback<T>)>,
}

/// A list of callbacks for one kind of event. Clones share the list.
pub struct Listeners<T>(Arc<Mutex<Table<T>>>);

impl<T> Clone for Listeners<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Default for Listeners<T> {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Table {
            next: 0,
            callbacks: Vec::new(),
        })))
    }
}

impl<T: 'static> Listeners<T> {
    /// Adds a callback. It runs on the thread where the event happens and must return at once.
    pub fn subscribe(&self, callback: impl Fn(&T) + Send + Sync + 'static) -> Subscription {
        let mut table = lock(&self.0);
        let id = table.next;
        table.next += 1;
        table.callbacks.push((id, Arc::new(callback)));
        let weak: Weak<Mutex<Table<T>>> = Arc::downgrade(&self.0);
        Subscription(Some(Box::new(move || {
            if let Some(table) = weak.upgrade() {
                lock(&table).callbacks.retain(|(other, _)| *other != id);
            }
        })))
    }

    /// Tells everybody. The list is not locked meanwhile: a callback may subscribe or unsubscribe.
    pub fn tell(&self, event: &T) {
        let callbacks: Vec<Callback<T>> = lock(&self.0)
            .callbacks
            .iter()
            .map(|(_, callback)| Arc::clone(callback))
            .collect();
        for callback in callbacks {
            callback(event);
        }
    }

    /// True when nobody listens: then nothing needs to be measured.
    pub fn is_empty(&self) -> bool {
        lock(&self.0).callbacks.is_empty()
    }
}

/// Ends the listening when dropped.
#[must_use = "dropping it ends the listening"]
pub struct Subscription(Option<Box<dyn FnOnce() + Send + Sync>>);

impl Drop for Subscription {
    fn drop(&mut self) {
        if let Some(end) = self.0.take() {
            end();
        }
    }
}

/// Locks; a panic in another thread that held it leaves plain data that is still whole.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

    #[test]
    fn a_dropped_subscription_hears_no_more() {
        let listeners = Listeners::<u32>::default();
        let heard = Arc::new(AtomicU32::new(0));
        let subscription = listeners.subscribe({
            let heard = Arc::clone(&heard);
            move |event| {
                heard.fetch_add(*event, Ordering::Relaxed);
            }
        });
        listeners.tell(&3);
        drop(subscription);
        listeners.tell(&4);
        assert_eq!(heard.load(Ordering::Relaxed), 3);
        assert!(listeners.is_empty());
    }
}
