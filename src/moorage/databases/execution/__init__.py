"""Running a caller's statement: under the policy, within the limits, into an answer that says what it left out."""
