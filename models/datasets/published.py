"""Five real tables: penguins, cars, passengers, sunspots and CO2, in CSV files as they were published.

They have what the data sets of scikit-learn lack: missing values, categories, and time. `sets/sources.json`
says where each file comes from, and under which terms.
"""

from typing import Any

import numpy as np

from models.datasets.loading import csv_columns, data_set


def load_penguins(*, return_X_y: bool = False, as_frame: bool = False) -> Any:
    """344 penguins of three species, with missing values: data (344, 7), target 0 to 2.

    island and sex are text; bill_length_mm, bill_depth_mm, flipper_length_mm, body_mass_g and year are
    numbers. Two penguins were not measured, and the sex of eleven is not known: NaN.
    """
    table = csv_columns("penguins.csv")
    species, y = np.unique(table.pop("species").astype(str), return_inverse=True)
    return data_set(
        list(table.values()),
        y,
        list(table),
        species,
        "Adelie, Chinstrap and Gentoo penguins of three islands in the Palmer Archipelago, Antarctica, 2007 "
        "to 2009. Source: A. M. Horst, A. P. Hill, K. B. Gorman, palmerpenguins (2020); measured by K. B. "
        "Gorman and the Palmer Station Long Term Ecological Research program.",
        return_X_y,
        as_frame,
    )


def load_auto_mpg(*, return_X_y: bool = False, as_frame: bool = False) -> Any:
    """392 cars of 1970 to 1982: data (392, 7), target the miles per gallon.

    cylinders, displacement (cubic inches), horsepower, weight (pounds), acceleration (seconds to 60 miles
    per hour), year (70 to 82) and origin, which is a category: 1 North America, 2 Europe, 3 Asia. The Bunch
    also has the names of the cars, `car_names`.
    """
    table = csv_columns("auto_mpg.csv")
    y, names = table.pop("mpg"), table.pop("name")
    features = [
        "cylinders", "displacement", "horsepower", "weight", "acceleration", "year", "origin",
    ]  # fmt: skip
    found = data_set(
        np.column_stack(list(table.values())),
        y,
        features,
        None,
        "Fuel economy and construction of 392 cars. Source: D. Donoho, E. Ramos, PRIMDATA: Data sets for use "
        "with PRIM-H (1982), for the data exposition of the American Statistical Association in 1983. The 14 "
        "cars with a missing value are left out.",
        return_X_y,
        as_frame,
    )
    if not return_X_y:
        found.car_names = names.astype(str)
    return found


def load_titanic(*, return_X_y: bool = False, as_frame: bool = False) -> Any:
    """1313 passengers of the Titanic: data (1313, 3), target 0 (died), 1 (survived).

    class ("1st", "2nd", "3rd", and "*" for one passenger) and sex are text; age is a number, missing (NaN)
    for 557 passengers. The Bunch also has their names, `passenger_names`.
    """
    table = csv_columns("titanic.csv")
    y, names = table.pop("survived").astype(np.int64), table.pop("name")
    found = data_set(
        list(table.values()),
        y,
        list(table),
        np.array(["died", "survived"]),
        "Class, age and sex of 1313 passengers of the Titanic, which sank in April 1912, and who survived. "
        "Source: sample data of Bokeh, which declares them to be in the public domain and names no earlier "
        "source.",
        return_X_y,
        as_frame,
    )
    if not return_X_y:
        found.passenger_names = names.astype(str)
    return found


def load_sunspots(*, return_X_y: bool = False, as_frame: bool = False) -> Any:
    """Sunspots in each year from 1700 to 2008: data (309, 1) the year, target their number."""
    table = csv_columns("sunspots.csv")
    return data_set(
        table["YEAR"][:, None],
        table["SUNACTIVITY"],
        ["year"],
        None,
        "The mean number of sunspots in each of 309 years. Source: National Geophysical Data Center, "
        "taken from statsmodels.",
        return_X_y,
        as_frame,
    )


def load_co2(*, return_X_y: bool = False, as_frame: bool = False) -> Any:
    """Carbon dioxide in the air by week, 1958 to 2001: data (2284, 1) the year, target parts per million.

    The year has a fraction: 1958.5 is the middle of 1958. 59 weeks were not measured: NaN. The Bunch also
    has the dates of the weeks, `dates`.
    """
    table = csv_columns("co2.csv")
    days = [f"{day:.0f}" for day in table["date"]]  # 19580329
    dates = np.array([f"{day[:4]}-{day[4:6]}-{day[6:]}" for day in days], "M8[D]")
    years = dates.astype("M8[Y]")
    start, end = years.astype("M8[D]"), (years + 1).astype("M8[D]")
    year = 1970 + years.astype(np.int64) + (dates - start) / (end - start)
    found = data_set(
        year[:, None],
        table["co2"],
        ["year"],
        None,
        "Weekly means of carbon dioxide in the air at Mauna Loa, Hawaii. Source: C. D. Keeling, T. P. Whorf, "
        "Atmospheric CO2 concentrations from sites in the SIO network (2004), taken from statsmodels.",
        return_X_y,
        as_frame,
    )
    if not return_X_y:
        found.dates = dates
    return found
