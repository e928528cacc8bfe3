//! Which tenants there are, for which one a request speaks, and asking the server for another one.

use std::sync::Arc;

use axum::http::{HeaderValue, Method, header};
use serde_json::Value;

use super::{
    Seams,
    wire::{Answer, Server, Wire},
};
use crate::{
    store::TenantId,
    tenant::{Tenant, Tenants},
    token::ScimTokens,
};

/// The tenants of a server.
#[derive(Clone)]
pub(super) struct Tenancy {
    tenants: Arc<Tenants>,
    tokens: Arc<ScimTokens>,
}

impl Tenancy {
    /// Those of the server that is being built.
    pub(super) fn of(seams: &Seams) -> Self {
        Self { tenants: Arc::clone(&seams.tenants), tokens: Arc::clone(&seams.tokens) }
    }

    /// The one that was configured first.
    pub(super) fn first(&self) -> TenantId {
        self.tenants.first().id()
    }

    /// The one for which a request speaks; nothing if its token is none of a tenant's.
    pub(super) async fn speaker(&self, server: &Server) -> Option<TenantId> {
        let is_served = |tenant: &TenantId| self.tenants.named(tenant.as_str()).is_some();
        self.tokens.tenant(server.token()?, is_served).await.ok()?
    }

    /// All.
    pub(super) fn all(&self) -> impl Iterator<Item = TenantId> {
        self.tenants.iter().map(Tenant::id)
    }

    /// All but the one for which a request speaks; none if it speaks for none.
    pub(super) async fn others(&self, server: &Server) -> Vec<TenantId> {
        match self.speaker(server).await {
            Some(speaker) => self.all().filter(|tenant| *tenant != speaker).collect(),
            None => Vec::new(),
        }
    }

    /// Sends a request on behalf of a tenant.
    pub(super) async fn go_as(&self, wire: &mut Wire, tenant: &TenantId) -> Answer {
        let Ok(issued) = self.tokens.create(tenant).await else { return wire.go().await };
        let own = wire.parts.headers.remove(header::AUTHORIZATION);
        if let Ok(authorization) = HeaderValue::from_str(&format!("Bearer {}", issued.token)) {
            wire.parts.headers.insert(header::AUTHORIZATION, authorization);
        }
        let answer = wire.go().await;
        wire.parts.headers.remove(header::AUTHORIZATION);
        wire.parts.headers.extend(own.map(|own| (header::AUTHORIZATION, own)));
        self.forget(tenant, issued.id).await;
        answer
    }

    /// Asks the server for a path below the base path on behalf of a tenant.
    pub(super) async fn ask_as(
        &self,
        server: &Server,
        tenant: &TenantId,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Option<Answer> {
        let issued = self.tokens.create(tenant).await.ok()?;
        let answer = server.with_token(&issued.token).ask(method, path, body).await;
        self.forget(tenant, issued.id).await;
        Some(answer)
    }

    /// A token is good for one request, so that an administrator never finds one that nobody made. That it is
    /// gone already does no harm.
    async fn forget(&self, tenant: &TenantId, id: crate::TokenId) {
        _ = self.tokens.revoke(tenant, id).await;
    }
}
