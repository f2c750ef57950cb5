{#-
    Whether an id is one that Spotify could have given: 22 letters (of the plain 26) and digits. Ids made of a title and
    artist, and those of other catalogues, are not; those of fictional listeners are, and have to be told apart otherwise.
-#}
{% macro is_spotify_id(column) -%}
    {%- set letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789" -%}
    (length({{ column }}) = 22 and length(translate({{ column }}, '{{ letters }}', '')) = 0)
{%- endmacro %}
