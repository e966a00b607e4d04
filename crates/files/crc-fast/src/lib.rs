//! Stands in for the crate of this name, of which `object_store` needs S3's CRC-64/NVME alone.
//!
//! That crate chooses among twenty checksums at run time, so that a linker keeps the tables of all of them: 0.7 MB in
//! every image.
//! The names are that crate's, and what it lacks doesn't compile.

use crc::{CRC_64_NVME, Crc, Digest as State};

static NVME: Crc<u64> = Crc::<u64>::new(&CRC_64_NVME);

/// The checksums that can be computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CrcAlgorithm {
    /// CRC-64/NVME, S3's `x-amz-checksum-crc64nvme`.
    Crc64Nvme,
}

/// A checksum on its way.
pub struct Digest(State<'static, u64>);

impl Digest {
    /// Of nothing yet.
    pub fn new(algorithm: CrcAlgorithm) -> Self {
        match algorithm {
            CrcAlgorithm::Crc64Nvme => Self(NVME.digest()),
        }
    }

    /// Adds `data`.
    pub fn update(&mut self, data: &[u8]) {
        self.0.update(data);
    }

    /// Of all that was added.
    pub fn finalize(self) -> u64 {
        self.0.finalize()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The check value of CRC-64/NVME in the catalogue of parametrised CRC algorithms, and the same in pieces.
    #[test]
    fn the_check_value_is_the_catalogues() {
        for pieces in [&["123456789"][..], &["1234", "", "56789"]] {
            let mut digest = Digest::new(CrcAlgorithm::Crc64Nvme);
            for piece in pieces {
                digest.update(piece.as_bytes());
            }
            assert_eq!(digest.finalize(), 0xae8b_1486_0a79_9888, "{pieces:?}");
        }
    }
}
