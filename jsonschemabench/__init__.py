"""The suites: data sets of schemas in; coverage, validity and cost out. Uses the public interface only."""
