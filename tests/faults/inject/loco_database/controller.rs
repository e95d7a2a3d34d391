//! A route that adds an order, as the guide of Loco has it for a model.

use loco_rs::prelude::*;

mod entity {
    use loco_rs::prelude::*;
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel, serde::Serialize)]
    #[sea_orm(table_name = "orders")]
    pub struct Model {
        pub created_at: DateTimeWithTimeZone,
        pub updated_at: DateTimeWithTimeZone,
        #[sea_orm(primary_key)]
        pub id: i64,
        #[sea_orm(column_type = "Text")]
        pub title: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

async fn add(State(ctx): State<AppContext>) -> Result<Response> {
    let order = entity::ActiveModel {
        title: Set("tea ".repeat(400)),
        ..Default::default()
    };
    format::json(order.insert(&ctx.db).await?)
}

pub fn routes() -> Routes {
    Routes::new().add("/orders", post(add))
}
