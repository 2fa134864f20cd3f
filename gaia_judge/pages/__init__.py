"""Pages: what runs, people, experiments and audits say, as one file that opens anywhere."""
