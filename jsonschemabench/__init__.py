"""The suites: data sets of schemas and instances in; coverage, validity and cost out. Uses the public interface only."""
