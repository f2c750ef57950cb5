{#-
    The incremental strategy restate_days: a table is kept by the listener's day (of UTC), each with a fingerprint of
    all that its rows are made from. A day whose fingerprint is another now is taken out and made anew, in one
    transaction; all others stay as they are. So the table is at any time what a full refresh would make, in whatever
    order things arrived: no clock and no load number decides, only what there is to read. The code counts as well:
    after a change of the model all its days are made anew.

    A model with this strategy has the columns user_id, played_at and inputs_fingerprint, and names in
    `meta.restated_days` the macro that selects its days: user_id, day, inputs_fingerprint.
-#}
{% macro get_incremental_restate_days_sql(arg_dict) -%}
    {%- set target = arg_dict['target_relation'] -%}
    {%- set columns = get_quoted_csv(arg_dict['dest_columns'] | map(attribute='name')) -%}
    delete from {{ target }} as stored
    {%- if spotiflow.has_fingerprints(target) %}
    where not exists (
        select 1
        from ({{ context[config.get('meta')['restated_days']]() }}) as days
        where
            stored.user_id = days.user_id
            and cast(stored.played_at as date) = days.day
            and stored.inputs_fingerprint = days.inputs_fingerprint
    )
    {%- endif %};
    insert into {{ target }} ({{ columns }})
    select {{ columns }}
    from {{ arg_dict['temp_relation'] }}
{%- endmacro %}

{#- A select of the days that have to be made, out of `days` (name of a CTE); all of them in a full refresh. -#}
{% macro days_to_make(days) -%}
    select days.*
    from {{ days }} as days
    {%- if is_incremental() and spotiflow.has_fingerprints(this) %}
    left join (
        select distinct
            user_id,
            cast(played_at as date) as day,
            inputs_fingerprint
        from {{ this }}
    ) as made
        on
            days.user_id = made.user_id
            and days.day = made.day
            and days.inputs_fingerprint = made.inputs_fingerprint
    where made.user_id is null
    {%- endif %}
{%- endmacro %}

{#- False for a table that was made before its days had fingerprints: all of it is made anew. -#}
{% macro has_fingerprints(relation) -%}
    {{ return('inputs_fingerprint' in (adapter.get_columns_in_relation(relation) | map(attribute='name') | list)) }}
{%- endmacro %}

{#- The checksum of the model that is being built: its code, contract and macros. A unit test builds nothing. -#}
{% macro code_fingerprint() -%}
    {%- if execute and model.resource_type == 'model' -%}
        {{ return(spotiflow.spotiflow_checksum(model.unique_id)) }}
    {%- else -%}
        {{ return('') }}
    {%- endif -%}
{%- endmacro %}
