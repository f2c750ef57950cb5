with

features as (

    select * from {{ ref('int_listening_by_day') }}
    where scored_listens > 0

),

score_weights as (

    select * from {{ ref('score_weights') }}

),

final as (

    {{ weighted_scores('features', 'score_weights', ['user_id', 'listening_date']) | indent(4) }}

)

select * from final
