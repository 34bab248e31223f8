//! [`Peers`]: how many connections there are, and from whom.

use std::collections::HashMap;
use std::net::IpAddr;

use crate::sync::{Arc, Mutex, lock};

/// Counts connections. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Peers(Arc<Counted>);

#[derive(Debug)]
struct Counted {
    most: usize,
    most_of_one: usize,
    counts: Mutex<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    all: usize,
    of: HashMap<IpAddr, usize>,
}

/// One connection's seat: free again when it is dropped.
#[derive(Debug)]
pub(super) struct Seat {
    peers: Peers,
    peer: IpAddr,
}

impl Peers {
    pub(super) fn new(most: usize, most_of_one: usize) -> Self {
        Self(Arc::new(Counted { most, most_of_one, counts: Mutex::default() }))
    }

    /// A seat, if one is left for this peer.
    pub(super) fn sit(&self, peer: IpAddr) -> Option<Seat> {
        let mut counts = lock(&self.0.counts);
        let own = counts.of.get(&peer).copied().unwrap_or_default();
        if counts.all >= self.0.most || own >= self.0.most_of_one {
            return None;
        }
        counts.all += 1;
        counts.of.insert(peer, own + 1);
        Some(Seat { peers: self.clone(), peer })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut counts = lock(&self.peers.0.counts);
        counts.all -= 1;
        if let Some(own) = counts.of.get_mut(&self.peer) {
            *own -= 1;
            if *own == 0 {
                counts.of.remove(&self.peer);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn seats_are_limited_together_and_for_each_and_come_back() {
        let peers = Peers::new(3, 2);
        let of = |last| IpAddr::V4(Ipv4Addr::new(192, 0, 2, last));
        let first = peers.sit(of(1));
        let second = peers.sit(of(1));
        assert!(first.is_some() && second.is_some() && peers.sit(of(1)).is_none());
        let third = peers.sit(of(2));
        assert!(third.is_some() && peers.sit(of(3)).is_none());
        drop(first);
        assert!(peers.sit(of(3)).is_some() && peers.sit(of(1)).is_some());
        drop((second, third));
        assert!(lock(&peers.0.counts).of.is_empty());
    }
}
