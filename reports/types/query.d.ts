/** What Evidence hands to a component for a query: its rows, once they are there */
interface Query<Row> extends Iterable<Row> {
	dataLoaded: boolean;
	error?: Error;
	originalText?: string;
}

/** The queries of a page, by name */
type Queries<Page> = { [Name in keyof Page]: Query<Page[Name]> };

/** A feature of one Top Song’s comparison, or the mean over many */
type ComparedFeature = { audio_feature: string; recommender_version: string | null } & Partial<
	Omit<Rows.PredictedVsActual['comparison'], 'week_start'> & Rows.PredictedVsActual['cohort']
>;

/** All features of a comparison together */
type ComparisonSummary = Partial<
	Omit<Rows.PredictedVsActual['predictions'], 'week_start'> & Rows.PredictedVsActual['cohort']
>;
