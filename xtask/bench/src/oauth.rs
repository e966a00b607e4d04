//! What OAuth2 costs the peer: calls that need a token, all of them from a cold start, and how often one was asked for.

use anyhow::Result;
use serde_json::json;
use tokio::task::JoinSet;

use crate::{
    caller::Call,
    figure::{Figure, Target},
    peer::Peer,
    process::Process,
    setup::Setup,
};

const N_CALLS: u32 = 1_000;
const N_AT_ONCE: u32 = 8;

/// Calls of the token endpoint.
pub(crate) async fn measure(setup: &Setup) -> Result<Vec<Figure>> {
    let peer = Peer::start().await?;
    let connections = json!({"peer": {
        "url": format!("http://{}/guarded", peer.address),
        "auth": {
            "type": "oauth2",
            "grantType": "client_credentials",
            "tokenUrl": format!("http://{}/token", peer.address),
            "clientId": "bench",
            "clientSecret": "${PEER_SECRET}",
        },
    }});
    let settings = [("REST_CONNECTIONS", &*connections.to_string()), ("PEER_SECRET", "a-secret")];
    let rest = Process::connector(setup, "rest-connector", &settings).await?;
    let inputs = json!({ "connection": "peer", "restUrl": "page" });
    let get = Call::post(rest.address, "/v1/do/rest-connector/GET", &inputs, "\"error\":null");
    let mut callers = JoinSet::new();
    for _ in 0..N_AT_ONCE {
        let get = get.clone();
        callers.spawn(async move {
            for _ in 0..N_CALLS / N_AT_ONCE {
                get.once().await?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(caller) = callers.join_next().await {
        caller??;
    }
    let n_tokens = f64::from(peer.n_tokens());
    let name = format!("token calls for {N_CALLS} calls");
    Ok(vec![
        Figure::new(name, n_tokens, "").against(f64::from(N_CALLS)).target(Target::AtMost(1.0)),
    ])
}
