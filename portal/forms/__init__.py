"""Forms: what people type, read and checked before a verb sees it. Rules live in the verbs."""
