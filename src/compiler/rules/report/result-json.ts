import {codeDescription, type LoadIssue, type LoadResult} from './load-result.ts'

/** Load results as one line of JSON, without a line end. Keys are sorted. */
export function loadResultsJson(results: readonly LoadResult[]): string {
  return JSON.stringify({falco_load_results: results.map(resultObject)})
}

function resultObject(result: LoadResult): object {
  return {
    errors: result.errors.map(issueObject),
    name: result.name,
    schema_valid: result.schemaValid,
    ...(result.schemaValid ? {} : {schema_warnings: result.schemaWarnings}),
    successful: result.successful,
    warnings: result.warnings.map(issueObject),
  }
}

function issueObject({code, message, deprecatedField, locations, snippet}: LoadIssue): object {
  return {
    code,
    codedesc: codeDescription(code),
    context: {
      locations: locations.map(({itemName, itemType, position}) => ({
        item_name: itemName,
        item_type: itemType,
        position: {
          column: position.column,
          line: position.line,
          name: position.name,
          offset: position.offset,
        },
      })),
      snippet,
    },
    ...(deprecatedField === undefined ? {} : {deprecated_field: deprecatedField}),
    message,
  }
}
