//! Pages of a list: `?limit=` and `?after=`, and the link to the next page.

use actix_web::HttpRequest;
use form_urlencoded::{Serializer, parse};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Params, link};

/// A part of a list; `next` is the link to the following part, or null at the end.
#[derive(Serialize, ToSchema)]
pub struct Page<T> {
    pub items: Vec<T>,
    pub next: Option<String>,
}

/// The requested part: up to `limit` entries after the id `after`.
///
/// Unlike a page number, an id keeps its place when entries are added and removed.
#[derive(Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct Window {
    #[param(minimum = 1, maximum = 100, default = 20)]
    pub limit: usize,
    #[param(maximum = 9_007_199_254_740_991i64, default = 0)]
    pub after: u64,
}

impl Default for Window {
    fn default() -> Self {
        Self {
            limit: 20,
            after: 0,
        }
    }
}

/// The argument of a handler that lists: `Params(asked): Asked`.
pub type Asked = Params<Window>;

/// Builds the page of `found`, where one entry more than the limit means that there is more.
pub fn page<T>(
    request: &HttpRequest,
    asked: &Window,
    mut found: Vec<T>,
    id_of: impl Fn(&T) -> u64,
) -> Page<T> {
    let is_last = found.len() <= asked.limit;
    found.truncate(asked.limit);
    let next = found.last().filter(|_| !is_last).map(|last| {
        let query = next_query(request.query_string(), asked.limit, id_of(last));
        link(request, &format!("{}?{query}", request.path()))
    });
    Page { items: found, next }
}

/// Returns the query of the next page, with the other parameters of this one.
fn next_query(query: &str, limit: usize, after: u64) -> String {
    let others = parse(query.as_bytes()).filter(|(name, _)| name != "limit" && name != "after");
    Serializer::new(String::new())
        .extend_pairs(others)
        .append_pair("limit", &limit.to_string())
        .append_pair("after", &after.to_string())
        .finish()
}
