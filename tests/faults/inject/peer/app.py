"""Routes that use a session for each request."""

import os
from typing import Annotated

from fastapi import Depends, FastAPI
from sqlalchemy import create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

engine = create_engine(os.environ["DATABASE_URL"].replace("postgresql:", "postgresql+psycopg:", 1))
app = FastAPI()


class Base(DeclarativeBase):
    pass


class Order(Base):
    __tablename__ = "orders"

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]


def get_session():
    with Session(engine) as session:
        yield session


@app.get("/health-check")
async def health_check():
    return True


@app.get("/")
def index():
    return {"service": "orders"}


@app.post("/orders")
def add(session: Annotated[Session, Depends(get_session)]):
    order = Order(title="tea " * 400)
    session.add(order)
    session.commit()
    session.refresh(order)
    return {"id": order.id}
