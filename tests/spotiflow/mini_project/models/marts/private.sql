select 1 as nobody_publishes_this
