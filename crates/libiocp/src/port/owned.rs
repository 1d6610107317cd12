//! Packets that somebody may ask for and take back.

use super::{Packet, Port, Token};

impl Port {
    /// A claim to one packet, which `post_owned` is to post later.
    pub(crate) fn own(&self) -> Token {
        self.queue.lock().own()
    }

    /// Whether the packet has been neither delivered nor taken back, nor
    /// dropped with the port.
    pub(crate) fn is_owned(&self, token: Token) -> bool {
        self.queue.lock().is_owned(token)
    }

    /// Delivers the packet, unless it has been taken back.
    pub(crate) fn post_owned(&self, token: Token, packet: Packet) {
        let mut queue = self.queue.lock();
        if let Some(packet) = queue.label(token, packet) {
            self.post_locked(queue, packet);
        }
    }

    /// Takes the packet back, posted or not; false if there is none any more.
    pub(crate) fn withdraw(&self, token: Token) -> bool {
        let mut queue = self.queue.lock();
        let is_withdrawn = queue.withdraw(token);
        self.reset_if_empty(&queue);
        is_withdrawn
    }
}
