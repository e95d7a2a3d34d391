"""Services with the stage api and with routes of their own in it, in each language."""

PYTHON = '''"""The application, with pens."""

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, ConfigDict, Field
from starlette.applications import Starlette

from . import health, stages
from .stages import api
from .stages.api.problems import Problem

router = APIRouter(prefix="/v1/pens")


class Pen(BaseModel):
    model_config = ConfigDict(extra="forbid")

    colour: str
    price: int = Field(default=1, strict=True)


@router.post("", status_code=201)
async def add_pen(pen: Pen) -> Pen:
    return pen


@router.get("")
async def list_pens(limit: int = 10) -> list[Pen]:
    return [Pen(colour="red")] * limit


@router.get("/{number}")
async def get_pen(number: int) -> None:
    raise HTTPException(number, "no such pen", {"X-Reason": "test"})


@router.put("/{number}")
async def replace_pen(number: int) -> None:
    raise Problem(409, "the pen is sold", headers={"Retry-After": "7"}, number=number)


@router.delete("/{number}")
async def remove_pen(number: int) -> None:
    raise RuntimeError(f"pen {number} belongs to hunter2")


def create_app() -> Starlette:
    app = Starlette(routes=health.ROUTES)
    stages.install(app)
    api.of(app).include_router(router)
    return app
'''

RUST = r"""//! The application, with pens.

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue, RETRY_AFTER};
use actix_web::{Error, HttpResponse, Responder, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, OpenApi, ToSchema};

use crate::runtime::problems::Problem;
use crate::runtime::settings::Reader;
use crate::runtime::stage::Stage;
use crate::stages::api::{self, Body, Params};

#[derive(Clone, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Pen {
    colour: String,
    #[serde(default = "one")]
    price: i64,
}

fn one() -> i64 {
    1
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
struct Most {
    limit: usize,
}

impl Default for Most {
    fn default() -> Self {
        Self { limit: 10 }
    }
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
struct Place {
    number: u16,
}

#[utoipa::path(
    post, path = "/api/v1/pens", request_body = Pen, responses((status = CREATED, body = Pen))
)]
async fn add_pen(Body(pen): Body<Pen>) -> impl Responder {
    HttpResponse::Created().json(pen)
}

#[utoipa::path(
    get, path = "/api/v1/pens", params(Most), responses((status = OK, body = Vec<Pen>))
)]
async fn list_pens(Params(Most { limit }): Params<Most>) -> impl Responder {
    let pen = Pen { colour: "red".into(), price: 1 };
    web::Json(vec![pen; limit])
}

async fn get_pen(Params(Place { number }): Params<Place>) -> Result<HttpResponse, Error> {
    let status = StatusCode::from_u16(number).map_err(actix_web::error::ErrorInternalServerError)?;
    let (name, value) = (HeaderName::from_static("x-reason"), HeaderValue::from_static("test"));
    Err(Problem::new(status, "no such pen").header(name, value).into())
}

async fn replace_pen(Params(Place { number }): Params<Place>) -> Result<HttpResponse, Problem> {
    let sold = Problem::new(StatusCode::CONFLICT, "the pen is sold");
    Err(sold.header(RETRY_AFTER, HeaderValue::from_static("7")).member("number", number))
}

async fn remove_pen(Params(Place { number }): Params<Place>) -> HttpResponse {
    panic!("pen {number} belongs to hunter2")
}

#[derive(OpenApi)]
#[openapi(paths(add_pen, list_pens))]
struct Documented;

#[derive(Clone)]
pub struct App;

impl Stage for App {
    const NAME: &str = "app";

    fn read(_env: &mut Reader<'_>) -> Self {
        Self
    }

    fn configure(&self, app: &mut web::ServiceConfig) {
        api::document(Documented::openapi());
        app.service(web::resource("/api/v1/pens").get(list_pens).post(add_pen)).service(
            web::resource("/api/v1/pens/{number}").get(get_pen).put(replace_pen).delete(remove_pen),
        );
    }
}
"""
