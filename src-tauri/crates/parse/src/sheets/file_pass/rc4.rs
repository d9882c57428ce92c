//! RC4: the bytes that a key gives without end.

pub struct Rc4 {
    state: [u8; 256],
    i: u8,
    j: u8,
}

impl Rc4 {
    /// `key` has at least one byte.
    pub fn new(key: &[u8]) -> Self {
        let mut state = std::array::from_fn(|at| at as u8);
        let mut j = 0_u8;
        for (at, key) in key.iter().cycle().take(state.len()).enumerate() {
            j = j.wrapping_add(state[at]).wrapping_add(*key);
            state.swap(at, usize::from(j));
        }
        Self { state, i: 0, j: 0 }
    }
}

impl Iterator for Rc4 {
    type Item = u8;

    fn next(&mut self) -> Option<u8> {
        self.i = self.i.wrapping_add(1);
        let first = self.state[usize::from(self.i)];
        self.j = self.j.wrapping_add(first);
        let second = self.state[usize::from(self.j)];
        self.state.swap(usize::from(self.i), usize::from(self.j));
        Some(self.state[usize::from(first.wrapping_add(second))])
    }
}

#[cfg(test)]
mod tests {
    use super::Rc4;

    #[test]
    fn the_keystream_of_rfc_6229() {
        let begin: Vec<u8> = Rc4::new(&[1, 2, 3, 4, 5]).take(8).collect();
        assert_eq!(begin, [0xb2, 0x39, 0x63, 0x05, 0xf0, 0x3d, 0xc0, 0x27]);
    }
}
