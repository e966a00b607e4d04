//! RabbitMQ in a container, where Docker answers and has the image.

use std::{mem, process::Stdio};

use testcontainers::{GenericImage, core::IntoContainerPort, runners::AsyncRunner};
use tokio::{process::Command, runtime::Runtime};

use super::watchdog::Watchdog;

const NAME: &str = "rabbitmq";
const TAG: &str = "3-management";

/// The address of a broker that lives as long as this process; `None` without Docker or without the image.
pub(crate) async fn start() -> Option<(String, Watchdog)> {
    let image = Command::new("docker")
        .args(["image", "inspect", &format!("{NAME}:{TAG}")])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .await;
    if !image.is_ok_and(|status| status.success()) {
        return None;
    }
    // Its own runtime: the client must not end with the test that happens to be the first.
    let started = tokio::task::spawn_blocking(|| {
        let runtime = Runtime::new().expect("a runtime");
        let (id, address) = runtime.block_on(async {
            let image = GenericImage::new(NAME, TAG).with_exposed_port(5672.tcp());
            let container = image.start().await.expect("the broker's container starts");
            let port = container.get_host_port_ipv4(5672).await.expect("a port of the broker");
            let id = container.id().to_owned();
            // Statics are not dropped: the watchdog removes it instead.
            mem::forget(container);
            (id, format!("amqp://guest:guest@127.0.0.1:{port}/%2f"))
        });
        mem::forget(runtime);
        (address, Watchdog::new("docker rm --force --volumes \"$1\"", &[&id]))
    });
    Some(started.await.expect("the container's start ends"))
}
