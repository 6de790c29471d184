{# The names of events that are known, by family. #}
{% macro event_families() -%}
    {{ return({
        'compte': [
            'signup', 'email_verified', 'login', 'logout', 'password_reset', 'profile_updated', 'account_deleted'
        ],
        'projet': [
            'project_created', 'project_opened', 'project_updated', 'project_shared', 'project_deleted',
            'file_uploaded', 'file_downloaded'
        ],
        'conversation': [
            'conversation_started', 'message_sent', 'response_received', 'response_rated', 'response_copied',
            'prompt_saved', 'conversation_deleted'
        ],
        'déploiement': [
            'deployment_started', 'deployment_succeeded', 'deployment_failed', 'deployment_rolled_back',
            'domain_added'
        ],
        'abonnement': [
            'checkout_started', 'subscription_started', 'subscription_upgraded', 'subscription_downgraded',
            'subscription_paused', 'subscription_resumed', 'subscription_canceled', 'payment_succeeded',
            'payment_failed'
        ],
        'erreur': ['client_error', 'server_error', 'api_error', 'timeout_error', 'payment_error'],
    }) }}
{%- endmacro %}
