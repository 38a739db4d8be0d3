#!/usr/bin/env bash
# Imports the CRM Sales Opportunities data set into the site that the settings name.
#
#   examples/crm_sales/import.sh FOLDER [REJECTS]
#
# FOLDER holds accounts.csv, products.csv, sales_teams.csv and sales_pipeline.csv. Rows that are
# refused, and every cell that was put right, are written to the folder REJECTS (default:
# crm_sales_rejects in the current folder).
# Running it again changes nothing: every file is matched by a field that identifies its rows.
set -euo pipefail

usage() {
  echo "usage: $0 FOLDER [REJECTS]" >&2
  exit 2
}

[[ $# -ge 1 && $# -le 2 ]] || usage
folder=$1
rejects=${2:-crm_sales_rejects}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

[[ -d $folder ]] || { echo "there is no folder $folder" >&2; exit 2; }
missing=0
for file in accounts products sales_teams sales_pipeline; do
  if [[ ! -r $folder/$file.csv ]]; then
    echo "$folder/$file.csv is missing or cannot be read" >&2
    missing=1
  fi
done
((missing == 0)) || exit 2

# The command of the project's own environment, unless another one is named or on the path.
formwright=${FORMWRIGHT:-$here/../../.venv/bin/formwright}
[[ -x $formwright ]] || formwright=$(command -v formwright) ||
  { echo "the command formwright was not found: install it, or name it in FORMWRIGHT" >&2; exit 2; }

mkdir -p "$rejects"
output=$(mktemp)
export LC_ALL=C.UTF-8 # the closing line that is added up below is in English then
trap 'rm -f "$output"' EXIT

created=0 updated=0 unchanged=0 rejected=0 failed=0

# The number before or after the word $1 in the importer's closing line.
counted() {
  grep -Eo "$1 [0-9]+" "$output" | tail -n 1 | grep -Eo '[0-9]+' || echo 0
}

# $1 object, $2 file, $3 mapping
import_file() {
  local status=0
  echo "== $2.csv → $1 ($3)"
  "$formwright" import "$1" "$folder/$2.csv" --map "$here/mappings/$3.yaml" \
    --rejects "$rejects/$3.csv" --corrections "$rejects/$3.corrected.csv" | tee "$output" || status=$?
  created=$((created + $(counted created)))
  updated=$((updated + $(counted updated)))
  unchanged=$((unchanged + $(counted unchanged)))
  rejected=$((rejected + $(counted rejected)))
  if ((status > 1)) || ! grep -q 'created [0-9]' "$output"; then
    echo "the import of $2.csv did not run; what came before it stays" >&2
    exit "$((status > 0 ? status : 1))"
  fi
  ((status == 0)) || failed=1
}

# What is linked comes before what links to it.
import_file region sales_teams regions
import_file department sales_teams departments
import_file person sales_teams sales_managers
import_file person sales_teams sales_agents
import_file product products products
import_file customer accounts accounts
import_file customer accounts account_parents
import_file opportunity sales_pipeline sales_pipeline

echo "== total"
echo "created $created, updated $updated, unchanged $unchanged, rejected $rejected"
((rejected == 0)) || echo "rejected rows and their reasons: $rejects/" >&2
((failed == 0 && rejected == 0))
