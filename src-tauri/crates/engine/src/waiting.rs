//! Where synchronous code waits for asynchronous ports.

use std::future::Future;

/// Runs a future to its end on this thread. The futures passed here hand their work to a runtime of the store's own and only wait
/// for its reply, so that any thread may call this, a runtime's own included.
pub fn wait<T>(future: impl Future<Output = T>) -> T {
    futures::executor::block_on(future)
}
