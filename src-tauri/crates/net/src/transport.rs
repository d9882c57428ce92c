//! TCP that counts, and that stops when the network is switched off in the middle.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use ureq::Error;
use ureq::unversioned::transport::{
    Buffers, ConnectProxyConnector, ConnectionDetails, Connector, NextTimeout, RustlsConnector, TcpConnector, Transport,
};

/// Bytes as they went over the wire, TLS included.
#[derive(Debug, Default)]
pub(crate) struct Counter {
    pub(crate) sent: AtomicU64,
    pub(crate) received: AtomicU64,
    pub(crate) requests: AtomicU64,
}

/// Connects, by the proxy where there is one, counts, and adds TLS where the address asks for it.
pub(crate) fn connector(counter: Arc<Counter>, offline: Arc<AtomicBool>) -> impl Connector<(), Out: Transport> {
    ().chain(ConnectProxyConnector::default())
        .chain(TcpConnector::default())
        .chain(Count { counter, offline })
        .chain(RustlsConnector::default())
}

#[derive(Debug)]
struct Count {
    counter: Arc<Counter>,
    offline: Arc<AtomicBool>,
}

impl<In: Transport> Connector<In> for Count {
    type Out = Counted<In>;

    fn connect(&self, details: &ConnectionDetails<'_>, chained: Option<In>) -> Result<Option<Self::Out>, Error> {
        // The connection to the proxy itself is made without one, by this same chain: its bytes are counted there, not once more here.
        let counter = match details.config.proxy() {
            None => Arc::clone(&self.counter),
            Some(_) => Arc::default(),
        };
        let counted = |inner| Counted {
            inner,
            counter,
            offline: Arc::clone(&self.offline),
        };
        Ok(chained.map(counted))
    }
}

#[derive(Debug)]
struct Counted<In> {
    inner: In,
    counter: Arc<Counter>,
    offline: Arc<AtomicBool>,
}

impl<In> Counted<In> {
    fn online(&self) -> Result<(), Error> {
        if self.offline.load(Ordering::Acquire) {
            return Err(Error::Io(std::io::Error::new(
                std::io::ErrorKind::NetworkDown,
                "switched off",
            )));
        }
        Ok(())
    }
}

impl<In: Transport> Transport for Counted<In> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.inner.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        self.online()?;
        self.inner.transmit_output(amount, timeout)?;
        self.counter.sent.fetch_add(amount as u64, Ordering::Relaxed);
        Ok(())
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        self.online()?;
        let before = self.inner.buffers().input().len();
        let progress = self.inner.await_input(timeout)?;
        let after = self.inner.buffers().input().len();
        self.counter
            .received
            .fetch_add(after.saturating_sub(before) as u64, Ordering::Relaxed);
        Ok(progress)
    }

    fn is_open(&mut self) -> bool {
        self.inner.is_open()
    }

    fn is_tls(&self) -> bool {
        self.inner.is_tls()
    }
}
