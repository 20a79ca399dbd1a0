#!/usr/bin/env python3
"""Makes france-2026.tsv.gz, the table of areas that the program embeds. README.md beside this file tells the sources.

    python3 build.py communes.tsv departements.tsv epci.tsv regions.tsv > france-2026.tsv.gz

The output is the same byte for byte on every run. Nothing but Python's standard library is needed.
"""

import collections
import csv
import gzip
import sys

# INSEE region -> ISO 3166-2:FR. The overseas regions are absent: since 25 November 2021 the standard knows each of
# them, region and département at once, by one code only (FR-971 to FR-976).
REGIONS = {
    "11": "FR-IDF", "24": "FR-CVL", "27": "FR-BFC", "28": "FR-NOR", "32": "FR-HDF", "44": "FR-GES", "52": "FR-PDL",
    "53": "FR-BRE", "75": "FR-NAQ", "76": "FR-OCC", "84": "FR-ARA", "93": "FR-PAC", "94": "FR-20R",
}

# INSEE département -> ISO 3166-2:FR, where the code is not "FR-" and the number of the département.
DEPARTMENTS = {
    "75": "FR-75C", "975": "FR-PM", "977": "FR-BL", "978": "FR-MF", "984": "FR-TF", "986": "FR-WF", "987": "FR-PF",
    "988": "FR-NC", "989": "FR-CP",
}

# INSEE abbreviates the legal form of an intercommunal body; people are shown it in full.
FORMS = {"CC ": "Communauté de communes ", "CA ": "Communauté d'agglomération ", "CU ": "Communauté urbaine "}

HEADER = (
    "# France 2026. Source: INSEE, Code officiel géographique and intercommunal bodies on 1 January 2026, municipal"
    " populations in force on 1 January 2026. Licence Ouverte 2.0 (Etalab).\n"
    "code\tname\tlevel\tparent\tpopulation\n"
)


def rows(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def tidy(name):
    for short, long in FORMS.items():
        if name.startswith(short):
            name = long + name.removeprefix(short)
    return " ".join(name.split())


def areas(communes, departments, bodies, regions):
    department_code = {row["code"]: DEPARTMENTS.get(row["code"], "FR-" + row["code"]) for row in departments}
    region_code = {row["code"]: REGIONS[row["code"]] for row in regions if row["code"] in REGIONS}
    yield "FR", "France", "country", "", ""
    for row in regions:
        if row["code"] in region_code:
            yield region_code[row["code"]], row["name"], "region", "FR", ""
    for row in departments:
        code, region = department_code[row["code"]], region_code.get(row["region"])
        # Overseas, the region and the département are one territory: one area, at the coarser level.
        yield code, row["name"], "departement" if region else "region", region or "FR", ""

    spread = collections.defaultdict(lambda: (set(), set()))
    for row in communes:
        if row["epci"]:
            spread[row["epci"]][0].add(department_code[row["departement"]])
            spread[row["epci"]][1].add(region_code.get(row["region"], "FR"))
    within = {}
    for row in bodies:
        in_departments, in_regions = spread[row["epci"]]
        # The finest area that holds the whole body: a body may straddle départements, and even regions.
        [within[row["epci"]]] = next(s for s in (in_departments, in_regions, {"FR"}) if len(s) == 1)
        yield "epci:" + row["epci"], tidy(row["name"]), "epci", within[row["epci"]], ""

    for row in communes:
        department, body = department_code[row["departement"]], row["epci"]
        parents = ["epci:" + body] if body else []
        if not body or within[body] != department:
            parents.append(department)
        yield "cog:" + row["commune"], tidy(row["name"]), "commune", " ".join(parents), row["population"] or "0"


def main():
    # Sorted, because the program sorts what it reads, and this is fastest.
    text = HEADER + "".join("\t".join(area) + "\n" for area in sorted(areas(*map(rows, sys.argv[1:5]))))
    with gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=sys.stdout.buffer, mtime=0) as out:
        out.write(text.encode())


main()
