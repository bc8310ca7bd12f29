//! [`OidMap`] and [`NameMap`]: maps by oids and names of our own tables, asked many times a statement.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// A map whose keys are made of oids that no client chooses, so that a plain multiplication hashes them well enough.
pub type OidMap<K, V> = HashMap<K, V, BuildHasherDefault<OidHasher>>;

/// The same for names, of functions and types: what a client asks for is looked up and never kept.
pub type NameMap<K, V> = HashMap<K, V, BuildHasherDefault<OidHasher>>;

/// Multiplicative hashing.
#[derive(Clone, Copy, Debug, Default)]
pub struct OidHasher(u64);

impl Hasher for OidHasher {
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        words.iter().for_each(|word| self.write_u64(u64::from_le_bytes(*word)));
        let mut last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        self.write_u64(u64::from_le_bytes(last) | (rest.len() as u64) << 56);
    }

    fn write_u8(&mut self, byte: u8) {
        // 255 only ends a name.
        if byte != u8::MAX {
            self.write_u64(u64::from(byte));
        }
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = (self.0.rotate_left(23) ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    fn write_u32(&mut self, number: u32) {
        self.write_u64(u64::from(number));
    }

    fn finish(&self) -> u64 {
        // The upper bits are the mixed ones; the map takes its place from the lower ones.
        self.0.rotate_left(32)
    }
}

#[cfg(test)]
mod tests {
    use std::hash::BuildHasher;

    use super::*;
    use crate::types::{PgType, TYPES};

    #[test]
    fn spreads_oids() {
        let hash = |oid: u32| {
            let mut hasher = OidHasher::default();
            hasher.write_u32(oid);
            hasher.finish()
        };
        for bits in [8, 10] {
            let places: std::collections::HashSet<u64> =
                (0..1 << bits).map(|oid| hash(oid) & ((1 << bits) - 1)).collect();
            assert!(places.len() > 1 << (bits - 1), "{} places of {}", places.len(), 1 << bits);
        }
        let map: OidMap<PgType, &str> = TYPES.iter().map(|info| (PgType(info.oid), info.name)).collect();
        assert_eq!(map.get(&PgType::TEXT), Some(&"text"));
        let names: NameMap<&str, u32> = TYPES.iter().map(|info| (info.name, info.oid)).collect();
        let hashes: std::collections::HashSet<u64> = names.keys().map(|name| names.hasher().hash_one(name)).collect();
        assert_eq!((names.len(), hashes.len()), (TYPES.len(), TYPES.len()));
        let lower: std::collections::HashSet<u64> = hashes.iter().map(|hash| hash & 255).collect();
        assert!(lower.len() > TYPES.len() / 2, "{} places of {}", lower.len(), TYPES.len());
    }
}
