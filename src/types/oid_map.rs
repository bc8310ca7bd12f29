//! [`OidMap`]: maps by oids of our own tables, asked many times a statement.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// A map whose keys are made of oids that no client chooses, so that a plain multiplication hashes them well enough.
pub type OidMap<K, V> = HashMap<K, V, BuildHasherDefault<OidHasher>>;

/// Multiplicative hashing.
#[derive(Clone, Copy, Debug, Default)]
pub struct OidHasher(u64);

impl Hasher for OidHasher {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u32(u32::from(*byte)));
    }

    fn write_u32(&mut self, number: u32) {
        self.0 = (self.0.rotate_left(23) ^ u64::from(number)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    fn finish(&self) -> u64 {
        // The upper bits are the mixed ones; the map takes its place from the lower ones.
        self.0.rotate_left(32)
    }
}

#[cfg(test)]
mod tests {
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
    }
}
