with

pool as (select * from {{ ref('int_feature_pool') }}),

-- One track more than a prediction takes: a Top Song is no draw for itself.
sizes as (

    select
        max(case when constant = 'chance_draws' then value end) as draws,
        max(case when constant = 'similarity_k' then value end) as prediction_tracks,
        max(case when constant = 'similarity_k' then value end) + 1 as drawn_tracks
    from {{ ref('diagnostic_constants') }}

),

-- A shuffled pool is dealt out like a pack of cards: each deal gives so many draws that have no track in common.
deals as (

    select
        pool.provider,
        floor(count(*) / max(sizes.drawn_tracks)) as draws_a_deal,
        max(sizes.draws) as draws
    from pool
    cross join sizes
    group by pool.provider

),

deal_numbers as (

    select
        provider,
        draws_a_deal,
        {{ explode_numbers('0', 'ceil(draws / draws_a_deal) - 1') }} as deal
    from deals
    where draws_a_deal >= 1

),

-- Shuffled by a hash, so that every engine deals the same.
shuffled as (

    select
        deal_numbers.provider,
        deal_numbers.deal,
        deal_numbers.draws_a_deal,
        pool.track_id,
        row_number() over (
            partition by deal_numbers.provider, deal_numbers.deal
            order by
                {{ hashed_id(['deal_numbers.deal', 'pool.track_id']) }},
                pool.track_id
        ) - 1 as place
    from deal_numbers
    inner join pool
        on deal_numbers.provider = pool.provider

),

dealt as (

    select
        shuffled.provider,
        cast(
            shuffled.deal * shuffled.draws_a_deal + floor(shuffled.place / sizes.drawn_tracks) + 1 as bigint
        ) as draw,
        cast(shuffled.place % sizes.drawn_tracks + 1 as bigint) as place_in_draw,
        shuffled.track_id
    from shuffled
    cross join sizes
    where
        shuffled.place < shuffled.draws_a_deal * sizes.drawn_tracks

),

draws as (

    select dealt.*
    from dealt
    inner join sizes
        on dealt.draw <= sizes.draws

),

-- Each draw as it is, and without each of its tracks: for a Top Song that is itself among them.
with_left_out as (

    select distinct
        provider,
        draw,
        'none' as left_out_track_id
    from draws

    union all

    select
        provider,
        draw,
        track_id as left_out_track_id
    from draws

),

remaining as (

    select
        with_left_out.provider,
        with_left_out.draw,
        with_left_out.left_out_track_id,
        draws.track_id,
        row_number() over (
            partition by with_left_out.provider, with_left_out.draw, with_left_out.left_out_track_id
            order by draws.place_in_draw
        ) as tracks
    from with_left_out
    inner join draws
        on
            with_left_out.provider = draws.provider
            and with_left_out.draw = draws.draw
            and with_left_out.left_out_track_id <> draws.track_id

),

-- The means of the first one, two, three … tracks: a prediction may rest on fewer than k.
final as (

    select
        remaining.provider,
        remaining.draw,
        remaining.left_out_track_id,
        remaining.tracks,
        {%- for feature in audio_features() %}
        sum(cast(pool.{{ feature }}_pct as decimal(18, 12))) over (
            partition by remaining.provider, remaining.draw, remaining.left_out_track_id
            order by remaining.tracks
            rows between unbounded preceding and current row
        ) / cast(remaining.tracks as double) as {{ feature }}_pct{% if not loop.last %},{% endif %}
        {%- endfor %}
    from remaining
    inner join pool
        on
            remaining.provider = pool.provider
            and remaining.track_id = pool.track_id
    inner join sizes
        on remaining.tracks <= sizes.prediction_tracks

)

select * from final
