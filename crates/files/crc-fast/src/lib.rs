//! Stands in for the crate of this name, of which S3's client and S3's server in the tests need three checksums.
//!
//! That crate chooses among twenty at run time, so that a linker keeps the tables of all of them: 0.7 MB in every image.
//! The names are that crate's, and what it lacks doesn't compile.

use crc::{CRC_32_ISCSI, CRC_32_ISO_HDLC, CRC_64_NVME, Crc, Digest as State};

static ISCSI: Crc<u32> = Crc::<u32>::new(&CRC_32_ISCSI);
static ISO_HDLC: Crc<u32> = Crc::<u32>::new(&CRC_32_ISO_HDLC);
static NVME: Crc<u64> = Crc::<u64>::new(&CRC_64_NVME);

/// The checksums that can be computed, by the header that S3 has for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CrcAlgorithm {
    /// CRC-32/ISCSI, `x-amz-checksum-crc32c`.
    Crc32Iscsi,
    /// CRC-32/ISO-HDLC, `x-amz-checksum-crc32`.
    Crc32IsoHdlc,
    /// CRC-64/NVME, `x-amz-checksum-crc64nvme`.
    Crc64Nvme,
}

/// A checksum on its way.
pub struct Digest(Width);

enum Width {
    Bits32(State<'static, u32>),
    Bits64(State<'static, u64>),
}

impl Digest {
    /// Of nothing yet.
    pub fn new(algorithm: CrcAlgorithm) -> Self {
        Self(match algorithm {
            CrcAlgorithm::Crc32Iscsi => Width::Bits32(ISCSI.digest()),
            CrcAlgorithm::Crc32IsoHdlc => Width::Bits32(ISO_HDLC.digest()),
            CrcAlgorithm::Crc64Nvme => Width::Bits64(NVME.digest()),
        })
    }

    /// Adds `data`.
    pub fn update(&mut self, data: &[u8]) {
        match &mut self.0 {
            Width::Bits32(state) => state.update(data),
            Width::Bits64(state) => state.update(data),
        }
    }

    /// Of all that was added; in the lower half where the checksum has 32 bits.
    pub fn finalize(self) -> u64 {
        match self.0 {
            Width::Bits32(state) => state.finalize().into(),
            Width::Bits64(state) => state.finalize(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The check values of the catalogue of parametrised CRC algorithms, at once and in pieces.
    #[test]
    fn the_check_values_are_the_catalogues() {
        for (algorithm, expected) in [
            (CrcAlgorithm::Crc32Iscsi, 0xe306_9283),
            (CrcAlgorithm::Crc32IsoHdlc, 0xcbf4_3926),
            (CrcAlgorithm::Crc64Nvme, 0xae8b_1486_0a79_9888),
        ] {
            for pieces in [&["123456789"][..], &["1234", "", "56789"]] {
                let mut digest = Digest::new(algorithm);
                for piece in pieces {
                    digest.update(piece.as_bytes());
                }
                assert_eq!(digest.finalize(), expected, "{algorithm:?} {pieces:?}");
            }
        }
    }
}
