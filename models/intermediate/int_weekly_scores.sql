with

features as (

    select * from {{ ref('int_listening_by_week') }}
    where scored_listens > 0

),

score_weights as (

    select * from {{ ref('score_weights') }}

),

final as (

    {{ weighted_scores('features', 'score_weights', ['user_id', 'week_start']) | indent(4) }}

)

select * from final
