"""Wait for the database, migrate, serve: in that order."""

import logging
import os
import time
from pathlib import Path

import uvicorn
from alembic import command
from alembic.config import Config
from sqlalchemy import select
from sqlalchemy.orm import Session

from .app import app, engine

TRIES = 300
WAIT_SECONDS = 1

logging.basicConfig(level=logging.INFO)
log = logging.getLogger(__name__)


def wait_for_database():
    for attempt in range(1, TRIES + 1):
        try:
            with Session(engine) as session:
                session.execute(select(1))
        except Exception as error:
            if attempt == TRIES:
                raise
            log.error(error)  # noqa: TRY400 - the template's words
            time.sleep(WAIT_SECONDS)
        else:
            return


def main():
    wait_for_database()
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    command.upgrade(config, "head")
    uvicorn.run(app, host=os.environ["HOST"], port=int(os.environ["PORT"]))


main()
