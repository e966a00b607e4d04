//! An authority of the test's own, and what it has signed, in files.

use std::{env, fs, path::PathBuf};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};

use super::unique;

/// `authority.pem`, and a `.pem` and a `.key` for each name that was signed; gone with the value.
pub(crate) struct Certificates {
    folder: PathBuf,
    issuer: Issuer<'static, KeyPair>,
}

impl Certificates {
    pub(crate) fn new() -> Self {
        let folder = env::temp_dir().join(unique("e2e-tls"));
        fs::create_dir_all(&folder).expect("a folder for certificates");
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "authority");
        let key = KeyPair::generate().expect("a key");
        let authority = params.self_signed(&key).expect("an authority");
        let files = Self { folder, issuer: Issuer::new(params, key) };
        files.write("authority.pem", &authority.pem());
        files
    }

    /// A certificate for `hosts`, in the files that `name` names.
    pub(crate) fn sign(&self, name: &str, hosts: &[&str]) {
        self.sign_until(name, hosts, 2096);
    }

    /// The same, until the first day of `year`.
    pub(crate) fn sign_until(&self, name: &str, hosts: &[&str], year: i32) {
        let hosts: Vec<String> = hosts.iter().map(|host| (*host).to_owned()).collect();
        let mut params = CertificateParams::new(hosts).expect("names of hosts");
        params.not_before = date_time_ymd(2000, 1, 1);
        params.not_after = date_time_ymd(year, 1, 1);
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        self.write(&format!("{name}.pem"), &certificate.pem());
        self.write(&format!("{name}.key"), &key.serialize_pem());
    }

    pub(crate) fn path(&self, file: &str) -> String {
        self.folder.join(file).to_string_lossy().into_owned()
    }

    fn write(&self, file: &str, text: &str) {
        fs::write(self.path(file), text).expect("a file");
    }
}

impl Drop for Certificates {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.folder).ok();
    }
}
