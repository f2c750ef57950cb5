// Rows of the pages' queries. Written by `spotiflow contracts types`, and never by hand.
declare namespace Rows {
	interface Shared {
		feature_meanings: { audio_feature: string; label: string; meaning: string; };
		listeners: { user_id: string; display_name: string; has_display_name: boolean; is_sample: boolean;
			timezone: string; first_listening_date: string | null; last_listening_date: string | null; plays: number;
			listens: number; minutes_listened: number; first_week: string | null; last_week: string | null;
			latest_complete_week: string | null; };
		missing_value_reasons: { subject: string; reason: string; sentence: string; };
		score_meanings: { score: string; label: string; meaning: string; first_version: number;
			last_version: number | null; };
		site_coverage: { listens: number; listens_with_features: number; };
		site_definitions: { family: string; version: number; };
		site_listeners: { listeners: number; sample_listeners: number; };
		site_publication: { published_at: string | null; data_as_of: string | null; listeners: number | null;
			plays: number | null; tests_passed: number | null; tests_warned: number | null; tests_total: number | null;
			models_built: number | null; };
		vibes: { version: number; vibe: string; lower_pct: number; lower_inclusive: boolean; upper_pct: number;
			upper_inclusive: boolean; colour: string; emoji: string; vibe_order: number; };
	}
	interface Artist extends Shared {
		weeks: { artist_name: string; track_id: string; track_name: string; user_id: string; week_start: string;
			first_date: string; last_date: string; plays: number; listens: number; minutes_listened: number; };
		songs: { artist_name: string | null; track_id: string; track_name: string | null; vibe: string | null;
			positivity_score: number | null; };
	}
	interface AudioFeatures extends Shared {
		days: { user_id: string; listening_date: string; plays: number; listens: number; minutes_listened: number;
			scored_listens: number; danceability_pct: number | null; energy_pct: number | null;
			liveness_pct: number | null; acousticness_pct: number | null; instrumentalness_pct: number | null;
			speechiness_pct: number | null; valence_pct: number | null; vibe: string | null; has_gap: boolean;
			vibe_thresholds_version: number; };
		day_scores: { listening_date: string; score: string; score_value: number | null; };
	}
	interface Compare extends Shared {
		pair: { user_id: string; shared_tracks: number; tracks_of_either: number; shared_artists: number;
			top_shared_artist_name: string | null; feature_similarity_pct: number | null;
			feature_similarity_null_reason: string | null; scored_listens: number; other_scored_listens: number; };
		shared_tracks: { user_id: string; shared_track_number: number; track_id: string; track_name: string;
			artist_name: string; listens: number; other_listens: number; vibe: string | null; };
		both_weeks: { user_id: string; plays: number; listens: number; minutes_listened: number;
			scored_listens: number; danceability_pct: number | null; energy_pct: number | null;
			liveness_pct: number | null; acousticness_pct: number | null; instrumentalness_pct: number | null;
			speechiness_pct: number | null; valence_pct: number | null; vibe: string | null;
			score_null_reason: string | null; is_complete_week: boolean; vibe_thresholds_version: number; };
		both_scores: { user_id: string; score: string; score_value: number | null; score_null_reason: string | null;
			};
	}
	interface DataHealth extends Shared {
		gaps: { user_id: string; requested_at: string; gap_started_at: string; gap_ended_at: string;
			first_gap_date: string; last_gap_date: string; gap_hours: number; page_size: number | null;
			gap_status: string; open_from_at: string | null; first_open_date: string | null;
			last_open_date: string | null; closed_at: string | null; };
		covered: { user_id: string; provider_or_reason: string; provider: string | null; tracks: number;
			listens: number; listens_share_pct: number | null; };
		providers: { provider: string; rationale: string; };
		rejected: { source: string; reason: string | null; rows: number; };
		loads: { source: string; file: string; rows_read: number | null; rows_loaded: number | null;
			rows_set_aside: number | null; rows_repeated: number | null; rows_rejected: number | null;
			rows_new: number | null; rows_new_null_reason: string | null; problem: string | null;
			loaded_at: string | null; };
		anomalies: { anomaly_id: string; kind: string; user_id: string; threshold: number; unit: string;
			message: string; };
		thresholds: { threshold: string; value: number; unit: string; rationale: string; };
	}
	interface Day extends Shared {
		one_day: { user_id: string; listening_date: string; plays: number; listens: number; unique_tracks: number;
			minutes_listened: number; scored_listens: number; danceability_pct: number | null; energy_pct: number | null;
			liveness_pct: number | null; acousticness_pct: number | null; instrumentalness_pct: number | null;
			speechiness_pct: number | null; valence_pct: number | null; vibe: string | null;
			score_null_reason: string | null; feature_coverage_pct: number | null; has_gap: boolean;
			vibe_thresholds_version: number; };
		day_scores: { user_id: string; listening_date: string; score: string; score_value: number | null;
			score_null_reason: string | null; score_weights_version: number; };
		played: { track_id: string; track_name: string; artist_name: string; plays: number; listens: number;
			minutes_listened: number; positivity_score: number | null; vibe: string | null; };
		plays: { local_time: string; played_at: string; track_id: string; track_name: string | null;
			artist_name: string | null; listened_ms: number | null; listened_ms_source: string; is_listen: boolean;
			is_skipped: boolean | null; };
	}
	interface Definitions extends Shared {
		weights: { version: number; score: string; audio_feature: string; weight: number; inverted: boolean;
			weight_sum: number; };
		rules: { version: number; minimum_listened_ms: number; minimum_track_share: number; };
		constants: { constant: string; value: number; unit: string; rationale: string; };
		metrics: { metric: string; label: string; meaning: string; };
		sounds: { version: number; sound_cluster: string; meaning: string; danceability_pct: number;
			energy_pct: number; liveness_pct: number; acousticness_pct: number; instrumentalness_pct: number;
			speechiness_pct: number; valence_pct: number; };
		thresholds: { threshold: string; value: number; unit: string; rationale: string; };
		versions: { family: string; version: number; valid_from: string; recorded_on: string; rationale: string; };
		example_weeks: { user_id: string; display_name: string; week_start: string; listens: number;
			scored_listens: number; feature_coverage_pct: number | null; days_observed: number; listens_per_day: number;
			minutes_listened: number; previous_minutes_listened: number | null;
			minutes_listened_change_pct: number | null; danceability_pct: number | null; energy_pct: number | null;
			liveness_pct: number | null; acousticness_pct: number | null; instrumentalness_pct: number | null;
			speechiness_pct: number | null; valence_pct: number | null; vibe: string | null; };
		example_scores: { user_id: string; score: string; score_value: number | null; score_weights_version: number;
			};
		example_comparisons: { recommender: string; user_id: string; display_name: string; week_start: string;
			top_song_number: number; track_name: string; label: string; predicted_pct: number | null;
			actual_pct: number | null; difference_pp: number | null; similarity_pct: number | null; };
	}
	interface Engagement extends Shared {
		segments: { segment_key: string; segment_kind: string; segment: string; listeners: number; };
		weeks: { part: string; week_start: string; is_complete_week: boolean; listeners: number;
			observed_listeners: number; active_listeners: number; new_listeners: number; returning_listeners: number;
			resurrected_listeners: number; lost_listeners: number; unobserved_lost_listeners: number; listens: number;
			minutes_listened: number; minutes_per_active_listener: number | null;
			per_listener_null_reason: string | null; };
		days: { listening_date: string; listens: number; minutes_listened: number; };
		retention: { part: string; cohort_week: string; weeks_since: number; cohort_listeners: number;
			observed_listeners: number; kept_listeners: number; retention_pct: number | null;
			retention_null_reason: string | null; };
		outcomes: { outcome: string; label: string; counted: string; when_higher: string; when_lower: string;
			meaning: string; rationale: string; };
		slopes: { measure_kind: string; measure: string; outcome: string; known_plays: number; listeners: number;
			slope_pp: number | null; slope_null_reason: string | null; slope_low_pp: number | null;
			slope_high_pp: number | null; interval_null_reason: string | null; is_told_from_zero: boolean | null;
			interval_scope: string; };
		deciles: { measure_kind: string; measure: string; decile: number; decile_from_pct: number;
			decile_to_pct: number; completion_known_plays: number; completion_pct: number | null;
			completion_null_reason: string | null; completion_low_pct: number | null; completion_high_pct: number | null;
			completion_interval_null_reason: string | null; skip_known_plays: number; skip_rate_pct: number | null;
			skip_rate_null_reason: string | null; skip_rate_low_pct: number | null; skip_rate_high_pct: number | null;
			skip_rate_interval_null_reason: string | null; repeat_known_listens: number; repeat_rate_pct: number | null;
			repeat_rate_null_reason: string | null; repeat_rate_low_pct: number | null;
			repeat_rate_high_pct: number | null; repeat_rate_interval_null_reason: string | null; interval_scope: string;
			};
		feedback_sources: { feedback_source: string; source_order: number; label: string; meaning: string; };
		feedback: { part: string; feedback_source: string; recommender: string | null;
			recommender_version: string | null; track_vibe: string; verdicts: number; saved: number; liked: number;
			disliked: number; ratings: number; listeners: number; tracks: number; mean_rating_pct: number | null;
			mean_rating_null_reason: string | null; positive_share_pct: number; };
	}
	interface Glossary extends Shared {
		terms: { anchor: string; kind: string; term: string; label: string; unit: string | null; text_html: string;
			docs_anchor: string | null; };
		places: { anchor: string; table_name: string; docs_anchor: string; };
	}
	interface Index extends Shared {
		latest_weeks: { user_id: string; display_name: string; has_display_name: boolean; is_sample: boolean;
			week_start: string | null; minutes_listened: number | null; listens: number | null; vibe: string | null;
			vibe_thresholds_version: number | null; };
		rejected: { reason: string | null; rows: number; };
		loads: { files: number; rows_read: number; };
	}
	interface PredictedVsActual extends Shared {
		asked: { recommender: string; user_id: string; description: string | null; first_week: string;
			last_week: string; };
		constants: { recommended_top_songs: number; };
		metrics: { metric: string; label: string; unit: string; lowest: number | null; highest: number | null;
			uses_horizon: boolean; has_interval: boolean; meaning: string; };
		songs: { user_id: string; week_start: string; top_song_number: number; track_id: string; track_name: string;
			artist_name: string; score_null_reason: string | null; };
		comparison: { recommender: string; recommender_version: string | null; user_id: string; week_start: string;
			top_song_number: number; audio_feature: string; predicted_pct: number | null; actual_pct: number | null;
			difference_pp: number | null; similarity_pct: number | null; similarity_null_reason: string | null;
			chance_difference_pp: number | null; chance_null_reason: string | null; recommendations: number;
			scored_recommendations: number; actual_provider: string | null; is_same_provider: boolean | null; };
		predictions: { week_start: string; top_song_number: number; variant: string | null;
			similarity_pct: number | null; similarity_null_reason: string | null; skill: number | null;
			skill_null_reason: string | null; is_hit_short_horizon: boolean | null;
			short_horizon_null_reason: string | null; is_hit_long_horizon: boolean | null;
			long_horizon_null_reason: string | null; };
		recommended: { recommender: string; user_id: string; week_start: string; top_song_number: number | null;
			position: number | null; track_id: string; track_name: string; artist_name: string;
			danceability_pct: number | null; energy_pct: number | null; liveness_pct: number | null;
			acousticness_pct: number | null; instrumentalness_pct: number | null; speechiness_pct: number | null;
			valence_pct: number | null; is_new_to_listener: boolean | null; is_listened_after: boolean | null;
			days_until_listened: number | null; plays_within_long_horizon: number | null;
			listens_within_long_horizon: number | null; skipped_plays_within_long_horizon: number | null;
			long_horizon_null_reason: string | null; is_saved: boolean | null; is_liked: boolean | null;
			is_disliked: boolean | null; rating_pct: number | null; };
		cohort: { recommender: string; recommender_version: string; week_start: string | null; top_songs: string;
			audio_feature: string; predictions: number; listeners: number; predicted_pct: number | null;
			actual_pct: number | null; difference_pp: number | null; similarity_pct: number | null;
			similarity_null_reason: string | null; similarity_interval_low: number | null;
			similarity_interval_high: number | null; chance_difference_pp: number | null;
			chance_null_reason: string | null; skill: number | null; skill_null_reason: string | null;
			skill_interval_low: number | null; skill_interval_high: number | null; interval_null_reason: string | null;
			};
		overall: { recommender: string; recommender_version: string; metric: string; horizon: string;
			horizon_days: number | null; metric_value: number | null; metric_null_reason: string | null; answers: number;
			listeners: number; interval_low: number | null; interval_high: number | null;
			interval_null_reason: string | null; };
		own_scorecard: { recommender: string; recommender_version: string; user_id: string; metric: string;
			horizon: string; horizon_days: number | null; metric_value: number | null; metric_null_reason: string | null;
			answers: number; weeks: number; interval_low: number | null; interval_high: number | null;
			interval_null_reason: string | null; };
	}
	interface Scorecard extends Shared {
		metrics: { metric: string; label: string; unit: string; lowest: number | null; highest: number | null;
			better: string; uses_horizon: boolean; has_interval: boolean; meaning: string; };
		overall: { recommender: string; recommender_version: string; metric: string; horizon: string;
			horizon_days: number | null; metric_value: number | null; metric_null_reason: string | null; answers: number;
			listeners: number; clusters: number; interval_scope: string | null; interval_low: number | null;
			interval_high: number | null; interval_null_reason: string | null; };
		weekly: { recommender: string; recommender_version: string; week_start: string | null; horizon: string;
			metric_value: number | null; metric_null_reason: string | null; answers: number; interval_low: number | null;
			interval_high: number | null; interval_null_reason: string | null; };
		comparisons: { comparison_kind: string; first_recommender: string; first_version: string;
			first_variant: string; second_recommender: string; second_version: string; second_variant: string;
			is_paired: boolean; metric: string; horizon: string; horizon_days: number | null; first_value: number;
			second_value: number; difference: number; interval_scope: string; interval_low: number | null;
			interval_high: number | null; interval_null_reason: string | null; verdict: string; first_answers: number;
			second_answers: number; clusters: number; first_won_pct: number | null; second_won_pct: number | null;
			tied_pct: number | null; smallest_effect: number; clusters_needed: number | null; };
	}
	interface Search extends Shared {
		all_tracks: { track_id: string; track_name: string | null; artist_name: string | null; plays: number;
			listens: number; listeners: number; };
	}
	interface Segments extends Shared {
		segments: { segment_key: string; segment_kind: string; segment: string; listeners: number;
			listens: number | null; };
		members: { user_id: string; display_name: string; listens: number; dominant_vibe: string | null;
			dominant_vibe_listens: number | null; dominant_vibe_share_pct: number | null;
			dominant_sound_cluster: string | null; dominant_sound_cluster_listens: number | null;
			dominant_sound_cluster_share_pct: number | null; features_null_reason: string | null;
			dominant_genre: string | null; dominant_genre_listens: number | null;
			dominant_genre_share_pct: number | null; genre_null_reason: string | null; };
		sounds: { version: number; sound_cluster: string; meaning: string; };
		top_tracks: { segment_kind: string; segment: string; top_track_number: number; track_id: string;
			track_name: string | null; artist_name: string | null; listens: number; listeners: number;
			minutes_listened: number; listens_share_pct: number; segment_listens: number; segment_listeners: number; };
		top_artists: { segment_kind: string; segment: string; top_artist_number: number; artist_name: string;
			unique_tracks: number; listens: number; listeners: number; minutes_listened: number;
			listens_share_pct: number; segment_listens: number; segment_listeners: number; };
	}
	interface TopSongs extends Shared {
		top_songs: { track_id: string; track_name: string; artist_name: string; plays: number; listens: number;
			minutes_listened: number; positivity_score: number | null; vibe: string | null; };
	}
	interface Track extends Shared {
		details: { track_name: string | null; artist_name: string | null; album_name: string | null;
			genre: string | null; provider: string | null; has_all_features: boolean;
			features_null_reason: string | null; danceability_pct: number | null; energy_pct: number | null;
			liveness_pct: number | null; acousticness_pct: number | null; instrumentalness_pct: number | null;
			speechiness_pct: number | null; valence_pct: number | null; energy_score: number | null;
			musicality_score: number | null; positivity_score: number | null; vibe: string | null;
			sound_cluster: string | null; };
		weeks: { week_start: string; user_id: string; first_date: string; last_date: string; plays: number;
			listens: number; minutes_listened: number; };
		recommended: { recommender: string; seed_track_id: string; seed_track_name: string | null; answers: number;
			answers_listened_after: number; answers_new_to_listener: number; };
		sounds: { sound_cluster: string; meaning: string; };
	}
	interface WeeklyWrapped extends Shared {
		weeks: { user_id: string; week_start: string; plays: number; listens: number; unique_tracks: number;
			minutes_listened: number; scored_listens: number; danceability_pct: number | null; energy_pct: number | null;
			liveness_pct: number | null; acousticness_pct: number | null; instrumentalness_pct: number | null;
			speechiness_pct: number | null; valence_pct: number | null; vibe: string | null;
			score_null_reason: string | null; feature_coverage_pct: number | null; has_gap: boolean;
			days_observed: number; listens_per_day: number; is_complete_week: boolean; new_tracks: number;
			new_artists: number; previous_minutes_listened: number | null; minutes_listened_change_pct: number | null;
			minutes_change_pct_null_reason: string | null; vibe_thresholds_version: number; };
		week_scores: { user_id: string; week_start: string; score: string; score_value: number | null;
			score_null_reason: string | null; previous_score_value: number | null; score_change_pp: number | null;
			change_null_reason: string | null; score_weights_version: number; };
		days: { user_id: string; listening_date: string; plays: number; listens: number; minutes_listened: number;
			scored_listens: number; valence_pct: number | null; feature_coverage_pct: number | null; has_gap: boolean;
			vibe: string | null; score_null_reason: string | null; vibe_thresholds_version: number; };
		top_songs: { user_id: string; week_start: string; track_id: string; track_name: string; artist_name: string;
			listens: number; minutes_listened: number; energy_score: number | null; musicality_score: number | null;
			positivity_score: number | null; vibe: string | null; is_new_track: boolean; };
		top_artists: { user_id: string; week_start: string; top_artist_number: number; artist_name: string;
			listens: number; unique_tracks: number; minutes_listened: number; is_new_artist: boolean; };
		hours: { user_id: string; week_start: string; hour_of_day: number; listens: number; minutes_listened: number;
			};
		highlights: { user_id: string; week_start: string; obsession_track_id: string | null;
			obsession_track_name: string | null; obsession_artist_name: string | null; obsession_date: string | null;
			obsession_listens: number | null; obsession_null_reason: string | null; favourite_hour: number | null;
			favourite_hour_minutes: number | null; top_day_null_reason: string | null;
			top_new_null_reason: string | null; };
		suggestions: { user_id: string; suggestion_number: number; track_id: string; track_name: string;
			artist_name: string; has_spotify_page: boolean; vibe: string | null; recommenders: string;
			seed_track_id: string; seed_track_name: string; seed_artist_name: string; closest_feature_1: string | null;
			closest_feature_1_seed_pct: number | null; closest_feature_1_track_pct: number | null;
			closest_feature_2: string | null; closest_feature_2_seed_pct: number | null;
			closest_feature_2_track_pct: number | null; closest_null_reason: string | null; };
	}
}
