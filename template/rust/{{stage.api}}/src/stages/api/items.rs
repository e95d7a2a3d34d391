//! An example resource, kept in memory. Read it, then delete it: docs/stages/api.md says how.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, Responder, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, OpenApi, ToSchema};

use super::pagination::{Asked, Page, page};
use super::{Body, Params, Writer, document, link};
use crate::runtime::problems::Problem;

/// The example must not fill the memory.
const CAPACITY: usize = 1000;

/// What a client sends.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewItem {
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    #[serde(default = "one")]
    #[schema(minimum = 0, maximum = 1_000_000, default = one)]
    quantity: u32,
}

fn one() -> u32 {
    1
}

/// What a client gets.
#[derive(Clone, Serialize, ToSchema)]
struct Item {
    id: u64,
    name: String,
    quantity: u32,
}

/// Which item a path names.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
struct ItemPath {
    #[param(maximum = 9_007_199_254_740_991i64)]
    item_id: u64,
}

/// Items by id, in the order in which they were added; all workers share them.
#[derive(Default)]
pub struct Items(Mutex<Stored>);

#[derive(Default)]
struct Stored {
    by_id: BTreeMap<u64, Item>,
    last_id: u64,
}

impl Items {
    /// Adds an item, unless there are too many.
    fn add(&self, new: NewItem) -> Result<Item, Problem> {
        let mut stored = self.lock();
        if stored.by_id.len() >= CAPACITY {
            let detail = format!("there are {CAPACITY} items already");
            return Err(Problem::new(StatusCode::CONFLICT, detail));
        }
        stored.last_id += 1;
        let item = Item {
            id: stored.last_id,
            name: new.name,
            quantity: new.quantity,
        };
        stored.by_id.insert(item.id, item.clone());
        Ok(item)
    }

    fn get(&self, id: u64) -> Result<Item, Problem> {
        self.lock()
            .by_id
            .get(&id)
            .cloned()
            .ok_or_else(|| missing(id))
    }

    fn remove(&self, id: u64) -> Result<(), Problem> {
        self.lock()
            .by_id
            .remove(&id)
            .map(|_| ())
            .ok_or_else(|| missing(id))
    }

    /// Returns up to `most` items with a greater id.
    fn after(&self, id: u64, most: usize) -> Vec<Item> {
        let stored = self.lock();
        stored
            .by_id
            .range(id + 1..)
            .take(most)
            .map(|(_, item)| item.clone())
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, Stored> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn missing(id: u64) -> Problem {
    Problem::new(StatusCode::NOT_FOUND, format!("there is no item {id}"))
}

/// List the items, a page at a time.
#[utoipa::path(
    get,
    path = "/api/v1/items",
    tag = "items",
    params(super::pagination::Window),
    responses((status = OK, body = Page<Item>))
)]
async fn list_items(
    request: HttpRequest,
    items: web::Data<Items>,
    Params(asked): Asked,
) -> impl Responder {
    let found = items.after(asked.after, asked.limit + 1);
    web::Json(page(&request, &asked, found, |item| item.id))
}

/// Add an item.
#[utoipa::path(
    post,
    path = "/api/v1/items",
    tag = "items",
    request_body = NewItem,
    responses((status = CREATED, body = Item)),
    security(("writing" = []))
)]
async fn add_item(
    _: Writer,
    request: HttpRequest,
    items: web::Data<Items>,
    Body(new): Body<NewItem>,
) -> Result<impl Responder, Problem> {
    let item = items.add(new)?;
    let place = link(&request, &format!("/api/v1/items/{}", item.id));
    Ok(HttpResponse::Created()
        .insert_header((header::LOCATION, place))
        .json(item))
}

/// Return an item.
#[utoipa::path(
    get,
    path = "/api/v1/items/{item_id}",
    tag = "items",
    params(ItemPath),
    responses((status = OK, body = Item))
)]
async fn get_item(
    items: web::Data<Items>,
    Params(path): Params<ItemPath>,
) -> Result<impl Responder, Problem> {
    items.get(path.item_id).map(web::Json)
}

/// Remove an item.
#[utoipa::path(
    delete,
    path = "/api/v1/items/{item_id}",
    tag = "items",
    params(ItemPath),
    responses((status = NO_CONTENT)),
    security(("writing" = []))
)]
async fn remove_item(
    _: Writer,
    items: web::Data<Items>,
    Params(path): Params<ItemPath>,
) -> Result<impl Responder, Problem> {
    items.remove(path.item_id)?;
    Ok(HttpResponse::NoContent())
}

#[derive(OpenApi)]
#[openapi(paths(list_items, add_item, get_item, remove_item))]
struct Documented;

/// Adds the example to the API.
pub fn configure(app: &mut web::ServiceConfig, items: web::Data<Items>) {
    document(Documented::openapi());
    app.app_data(items)
        .service(
            web::resource("/api/v1/items")
                .get(list_items)
                .post(add_item),
        )
        .service(
            web::resource("/api/v1/items/{item_id}")
                .get(get_item)
                .delete(remove_item),
        );
}
