//! Middleware around every route, which has the rules hold.

use std::future::{Ready, ready};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform, forward_ready};
use actix_web::http::header::{HeaderValue, ORIGIN};
use actix_web::{Error, HttpRequest, web};
use pin_project_lite::pin_project;

use super::body::{self, Exceeded};
use super::caught::{Caught, Panicked};
use super::request_line::Asked;
use super::rules::Rules;
use crate::config::Settings;

/// The path at which a proxy serves the service: links in answers begin with it.
#[must_use]
pub fn root_path(request: &HttpRequest) -> &str {
    let settings = request.app_data::<web::Data<Settings>>();
    settings.map_or("", |settings| &settings.root_path)
}

/// The middleware that has the rules hold, innermost: stages see what it answers.
#[derive(Clone)]
pub struct AllRoutes(pub Rc<Rules>);

impl<S, B> Transform<S, ServiceRequest> for AllRoutes
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Transform = AllRoutesService<S>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        let rules = Rc::clone(&self.0);
        ready(Ok(AllRoutesService { rules, service }))
    }
}

pub struct AllRoutesService<S> {
    rules: Rc<Rules>,
    service: S,
}

impl<S, B> Service<ServiceRequest> for AllRoutesService<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Future = Routed<S::Future>;

    forward_ready!(service);

    fn call(&self, mut request: ServiceRequest) -> Self::Future {
        let asked = Asked::by(&request);
        let is_heard = self.rules.cors.is_on();
        let origin = is_heard.then(|| request.headers().get(ORIGIN).cloned());
        if let Some(answer) = self.rules.prepare(&mut request) {
            let answer = Some(request.into_response(answer));
            return Routed::Answered { answer };
        }
        let exceeded = body::limit(&mut request, self.rules.max_body_bytes);
        Routed::Passed {
            inner: Caught::new(|| self.service.call(request)),
            taken: Taken {
                asked,
                origin: origin.flatten(),
                exceeded,
                rules: Rc::clone(&self.rules),
            },
        }
    }
}

pin_project! {
    #[project = RoutedProjection]
    pub enum Routed<F> {
        Answered { answer: Option<ServiceResponse> },
        Passed {
            #[pin]
            inner: Caught<F>,
            taken: Taken,
        },
    }
}

impl<F, B> Future for Routed<F>
where
    F: Future<Output = Result<ServiceResponse<B>, Error>>,
    B: MessageBody,
{
    type Output = Result<ServiceResponse<EitherBody<B>>, Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project() {
            RoutedProjection::Answered { answer } => match answer.take() {
                Some(answer) => Poll::Ready(Ok(answer.map_into_right_body())),
                None => Poll::Pending, // polled again after its end
            },
            RoutedProjection::Passed { inner, taken } => inner.poll(cx).map(|ended| match ended {
                Ok(Ok(answer)) => Ok(taken.finish(answer)),
                Ok(Err(error)) => Err(taken.error(Ok(error))),
                Err(panicked) => Err(taken.error(Err(panicked))),
            }),
        }
    }
}

/// What is known about a request that its route has taken.
pub struct Taken {
    asked: Asked,
    origin: Option<HeaderValue>,
    exceeded: Option<Exceeded>,
    rules: Rc<Rules>,
}

impl Taken {
    /// Whatever a handler has made of a body that is too large: it is refused.
    fn is_too_large(&self) -> bool {
        self.exceeded
            .as_ref()
            .is_some_and(|exceeded| exceeded.get())
    }

    fn finish<B: MessageBody>(&self, answer: ServiceResponse<B>) -> ServiceResponse<EitherBody<B>> {
        let instead = if self.is_too_large() {
            let instance = self.rules.instance(self.asked.line().path());
            Some(self.rules.too_large().answer(Some(&instance)))
        } else {
            self.rules.instead(&answer, &self.asked)
        };
        let mut answer = match instead {
            Some(instead) => answer.into_response(instead).map_into_right_body(),
            None => answer.map_into_left_body(),
        };
        self.rules
            .cors
            .apply(self.origin.as_ref(), answer.headers_mut());
        answer
    }

    fn error(&self, ended: Result<Error, Panicked>) -> Error {
        let ended = match self.is_too_large() {
            true => Ok(self.rules.too_large().into()),
            false => ended,
        };
        let mut error = self.rules.error(&self.asked.line(), ended);
        let (rules, origin) = (Rc::clone(&self.rules), self.origin.clone());
        error.add_response_mapper(move |mut answer| {
            rules.cors.apply(origin.as_ref(), answer.headers_mut());
            answer
        });
        error
    }
}
