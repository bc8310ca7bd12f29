//! Type modifiers: packing and meaning of `atttypmod`.

/// `numeric(precision, scale)`; packed as PostgreSQL does: `((precision << 16) | (scale & 0x7ff)) + 4`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct NumericTypmod {
    pub precision: u16,
    pub scale: i16,
}

impl NumericTypmod {
    pub fn unpack(typmod: i32) -> Option<NumericTypmod> {
        let packed = typmod.checked_sub(4).filter(|packed| *packed >= 0)?;
        // The scale is an 11-bit two's complement number.
        Some(NumericTypmod { precision: (packed >> 16) as u16, scale: (((packed & 0x7ff) ^ 1024) - 1024) as i16 })
    }

    pub fn pack(self) -> i32 {
        ((i32::from(self.precision) << 16) | (i32::from(self.scale) & 0x7ff)) + 4
    }
}

/// `geometry(PointZ, 4326)`; packed as PostGIS does (liblwgeom.h: 4 high bits spare, 21 bits SRID, 6 bits type, Z, M).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct GeometryTypmod {
    pub srid: i32,
    /// WKB base type: 0 any, 1 point .. 7 collection, 8 circularstring .. 15 tin.
    pub kind: u8,
    pub z: bool,
    pub m: bool,
}

impl GeometryTypmod {
    /// `None` for -1: any geometry.
    pub fn unpack(typmod: i32) -> Option<GeometryTypmod> {
        (typmod >= 0).then(|| GeometryTypmod {
            // Sign-extended as TYPMOD_GET_SRID does.
            srid: ((typmod & 0x0fff_ff00) - (typmod & 0x1000_0000)) >> 8,
            kind: ((typmod & 0xfc) >> 2) as u8,
            z: typmod & 2 != 0,
            m: typmod & 1 != 0,
        })
    }

    pub fn pack(self) -> i32 {
        ((self.srid & 0x001f_ffff) << 8)
            | (i32::from(self.kind & 0x3f) << 2)
            | (i32::from(self.z) << 1)
            | i32::from(self.m)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packs_as_postgis_does() {
        // select atttypmod from pg_attribute for geometry(MultiPolygon,4326) on PostGIS 3.3.
        assert_eq!(GeometryTypmod { srid: 4326, kind: 6, z: false, m: false }.pack(), 1_107_480);
        assert_eq!(GeometryTypmod::unpack(1_107_480).map(|t| (t.srid, t.kind)), Some((4326, 6)));
        assert_eq!(NumericTypmod::unpack(NumericTypmod { precision: 12, scale: 2 }.pack()).map(|t| t.scale), Some(2));
    }
}
