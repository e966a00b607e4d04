//! Passwords: AES with 256 bits (ISO 32000-2, 7.6.4).

use std::{collections::BTreeMap, sync::Arc};

use lopdf::{
    Document, EncryptionState, EncryptionVersion, Permissions,
    encryption::crypt_filters::{Aes256CryptFilter, CryptFilter},
};

use crate::worker::Passwords;

const FILTER: &[u8] = b"StdCF";
const KEY_BYTES: usize = 32;

/// The PDF so that nobody opens it without a password.
///
/// # Errors
/// What the library says; the PDF is our own.
pub(super) fn encrypted(pdf: &[u8], passwords: &Passwords) -> Result<Vec<u8>, String> {
    let told = |error: &dyn ToString| format!("the PDF cannot be encrypted: {}", error.to_string());
    let mut key = [0; KEY_BYTES];
    aws_lc_rs::rand::fill(&mut key).map_err(|_unspecified| told(&"no random numbers"))?;
    let mut document = Document::load_mem(pdf).map_err(|error| told(&error))?;
    let filter: Arc<dyn CryptFilter> = Arc::new(Aes256CryptFilter);
    let state = EncryptionState::try_from(EncryptionVersion::V5 {
        encrypt_metadata: true,
        crypt_filters: BTreeMap::from([(FILTER.to_vec(), filter)]),
        file_encryption_key: &key,
        stream_filter: FILTER.to_vec(),
        string_filter: FILTER.to_vec(),
        owner_password: &passwords.owner,
        user_password: &passwords.user,
        permissions: permissions(passwords),
    });
    document.encrypt(&state.map_err(|error| told(&error))?).map_err(|error| told(&error))?;
    let mut bytes = Vec::with_capacity(pdf.len() + pdf.len() / 4);
    document.save_to(&mut bytes).map_err(|error| told(&error))?;
    Ok(bytes)
}

/// Where the owner has a password of his own, others may read, print and copy.
fn permissions(passwords: &Passwords) -> Permissions {
    if passwords.owner == passwords.user {
        return Permissions::all();
    }
    Permissions::PRINTABLE
        | Permissions::PRINTABLE_IN_HIGH_QUALITY
        | Permissions::COPYABLE
        | Permissions::COPYABLE_FOR_ACCESSIBILITY
        | Permissions::FILLABLE
}
