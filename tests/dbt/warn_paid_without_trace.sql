{{ config(severity='warn') }}

-- An invoice that the source calls Payée, without a payment that settles it nor a payment day,
-- counts as open, and late once due. A returned row is such an invoice.
select
    facture_id,
    numero_facture,
    montant_total,
    montant_regle_declare
from {{ ref('fait_factures') }}
where {{ paid_without_trace() }} and {{ changed_since_tested() }}
