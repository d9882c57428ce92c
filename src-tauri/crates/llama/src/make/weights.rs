//! Random weights, valid for their storage type: every block decodes to finite values of about the spread of a trained layer.

use crate::gguf::TensorType;
use std::io::{self, Write};

/// A small, fast generator (xorshift64*, Vigna 2016): the same file comes out everywhere.
pub struct Random(u64);

impl Random {
    /// From a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// Roughly normal, standard deviation 1: the sum of four uniforms.
    fn normal(&mut self) -> f32 {
        let bits = self.bits();
        let sum: f32 = (0..4)
            .map(|part| ((bits >> (16 * part)) & 0xffff) as f32 / 65_536.0)
            .sum();
        (sum - 2.0) * 1.732
    }

    fn bytes(&mut self, out: &mut Vec<u8>, count: usize) {
        let end = out.len() + count;
        while out.len() < end {
            out.extend_from_slice(&self.bits().to_le_bytes());
        }
        out.truncate(end);
    }
}

/// A pool of random blocks, from which tensors of any size are cut at random places: four gigabytes of fresh random numbers would
/// take a minute and make nothing truer.
pub struct Pool {
    kind: TensorType,
    bytes: Vec<u8>,
}

impl Pool {
    /// About `size` bytes of blocks of `kind` with standard deviation `spread`.
    ///
    /// # Errors
    /// `Unsupported` for a type other than F32, F16, `Q8_0`, `Q4_K` and `Q6_K`.
    pub fn new(kind: TensorType, size: usize, spread: f32, random: &mut Random) -> io::Result<Self> {
        let mut bytes = Vec::with_capacity(size + 512);
        while bytes.len() < size {
            block(kind, spread, random, &mut bytes)?;
        }
        Ok(Self { kind, bytes })
    }

    /// Writes `count` bytes (whole blocks) from random places of the pool.
    ///
    /// # Errors
    /// What writing says.
    pub fn write(&self, mut count: u64, random: &mut Random, out: &mut dyn Write) -> io::Result<()> {
        let width = self.kind.block_bytes() as usize;
        let blocks = self.bytes.len() / width;
        while count > 0 {
            let start = (random.bits() % blocks as u64) as usize * width;
            let step = (self.bytes.len() - start).min(count as usize);
            out.write_all(&self.bytes[start..start + step])?;
            count -= step as u64;
        }
        Ok(())
    }
}

fn block(kind: TensorType, spread: f32, random: &mut Random, out: &mut Vec<u8>) -> io::Result<()> {
    let half = |value: f32| half_bits(value).to_le_bytes();
    match kind {
        TensorType::F32 => out.extend_from_slice(&(random.normal() * spread).to_le_bytes()),
        TensorType::F16 => out.extend_from_slice(&half(random.normal() * spread)),
        // Uniform int8 has a deviation of 74.
        TensorType::Q8_0 => {
            out.extend_from_slice(&half(spread / 74.0));
            random.bytes(out, 32);
        }
        // value = d·scale·q − dmin·min with 6-bit scales and q in 0..16: with dmin = 7.5 d the mean is 0 and the deviation about 240 d.
        TensorType::Q4_K => {
            let d = spread / 240.0;
            out.extend_from_slice(&half(d));
            out.extend_from_slice(&half(d * 7.5));
            random.bytes(out, 12 + 128);
        }
        // value = d·scale·(q − 32) with int8 scales: scales are kept in −16..16, where the deviation is about 170 d.
        TensorType::Q6_K => {
            random.bytes(out, 128 + 64);
            for _ in 0..2 {
                out.extend(random.bits().to_le_bytes().map(|byte| ((byte & 31) as i8 - 16) as u8));
            }
            out.extend_from_slice(&half(spread / 170.0));
        }
        other => {
            return Err(io::Error::new(
                io::ErrorKind::Unsupported,
                format!("random {other:?} weights are not made"),
            ));
        }
    }
    Ok(())
}

/// IEEE half precision, rounded to nearest (ties up; good enough for noise), subnormals included.
fn half_bits(value: f32) -> u16 {
    let sign = if value.is_sign_negative() { 0x8000 } else { 0 };
    let magnitude = value.abs();
    // Subnormal halves are multiples of 2^-24; normal ones begin at 2^-14.
    if magnitude < 6.103_515_6e-5 {
        return sign | (magnitude * 16_777_216.0).round() as u16;
    }
    let bits = magnitude.to_bits() + 0x1000;
    let exponent = (bits >> 23) as i32 - 127 + 15;
    if exponent >= 31 {
        return sign | 0x7bff;
    }
    sign | ((exponent as u16) << 10) | ((bits >> 13) & 0x3ff) as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_those_of_the_standard() {
        assert_eq!(half_bits(1.0), 0x3c00);
        assert_eq!(half_bits(-2.0), 0xc000);
        assert_eq!(half_bits(6.103_515_6e-5), 0x0400);
        assert_eq!(half_bits(5.960_464_5e-8), 0x0001);
        assert_eq!(half_bits(1e9), 0x7bff);
    }

    #[test]
    fn blocks_have_their_type_s_size() {
        let mut random = Random::new(1);
        for kind in [
            TensorType::F32,
            TensorType::F16,
            TensorType::Q8_0,
            TensorType::Q4_K,
            TensorType::Q6_K,
        ] {
            let mut out = Vec::new();
            block(kind, 0.02, &mut random, &mut out).expect("made");
            assert_eq!(out.len() as u64, kind.block_bytes(), "{kind:?}");
        }
        assert!(block(TensorType::Q3_K, 0.02, &mut random, &mut Vec::new()).is_err());
    }
}
