-- name: cursor_key_get :value
SELECT cursor_key
FROM workflow.constants;
