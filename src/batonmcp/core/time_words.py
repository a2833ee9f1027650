"""Words and figures that speak of dates and times, in some languages."""

import re
import unicodedata
from typing import Final

__all__ = ["dates_in", "hours_in", "speaks_of_hours", "speaks_of_time", "time_words_in"]

_HOUR = re.compile(r"\d{1,2}:\d{2}|\d{1,2} ?[ap]\.?m\b|T\d{2}\b|\b\d{10,13}\b", re.IGNORECASE)
_DATE = re.compile(r"\b\d{1,4}[-./]\d{1,2}(?:[-./]\d{1,4})?\b|\b(?:19|20)\d{2}(?:\d{4})?\b")
_SPAN = re.compile(r"\b\d+ ?(?:h|hrs?|mins?|d|w|wk|mo|y|yrs?|q[1-4])\b|\bq[1-4]\b", re.IGNORECASE)

_HOURS_TEXT = """
    now tonight hour hours hourly minute minutes second seconds moment morning noon afternoon evening midnight soon
    later earlier ago jetzt stunde stunden minuten mittag abend vorhin gleich maintenant heure heures soir midi
    ahora hora horas tarde adesso ora ore agora teraz simdi sekarang nyt
"""
_DAYS_TEXT = """
    today tomorrow yesterday day days daily date dates week weeks weekly weekend weekends weekday weekdays fortnight
    month months monthly quarter quarters quarterly year years yearly decade century until till since next last past
    previous upcoming overdue due latest recent recently monday mondays tuesday tuesdays wednesday wednesdays
    thursday thursdays friday fridays saturday saturdays sunday sundays january february march april may june july
    august september october november december jan feb mar apr jun jul aug sep sept oct nov dec mon tue tues wed thu
    thur thurs fri sat sun christmas easter heute heutige heutigen morgen morgige morgigen gestern gestrige
    gestrigen ubermorgen vorgestern woche wochen wochenende monat monate jahr jahre tag tage tagen bis seit nachste
    nachsten nachster nachstes letzte letzten letzter letztes montag dienstag mittwoch donnerstag freitag samstag
    sonnabend sonntag januar februar marz mai juni juli oktober dezember aujourd demain hier semaine semaines mois
    jour jours annee annees depuis prochain prochaine dernier derniere lundi mardi mercredi jeudi vendredi samedi
    dimanche janvier fevrier mars avril juin juillet aout septembre octobre novembre decembre hoy manana ayer semana
    semanas mes meses dia dias ano anos desde proximo proxima ultimo ultima lunes martes miercoles jueves viernes
    sabado domingo enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre oggi
    domani ieri settimana settimane mese mesi anno anni giorno giorni prossimo prossima scorso scorsa lunedi martedi
    mercoledi giovedi venerdi sabato domenica gennaio febbraio aprile maggio giugno luglio settembre ottobre
    dicembre hoje amanha ontem segunda terca quarta quinta sexta janeiro fevereiro marco maio junho julho setembro
    outubro novembro dezembro vandaag gisteren weken maand maanden jaar volgende vorige maandag dinsdag woensdag
    donderdag vrijdag zaterdag zondag idag imorgon igar vecka manad imorgen uke maned dzis dzisiaj jutro wczoraj
    tydzien tygodniu miesiac rok dnes zitra vcera tyden mesic bugun yarin hafta yil besok kemarin minggu bulan tahun
    hari tanaan huomenna eilen viikko kuukausi vuosi holnap tegnap honap saptamana
"""
_OF_HOURS: Final = frozenset(_HOURS_TEXT.split())
_OF_DAYS: Final = frozenset(_DAYS_TEXT.split())
_PLAIN: Final = {0x131: "i", 0x142: "l", 0x141: "l", 0xF8: "o", 0xD8: "o"}
"""Letters without an accent that could be taken off."""

_WORD = re.compile(r"[^\W\d_]+")
_OTHER = re.compile(r"[^\x00-\u024f\u2010-\u2027\u20ac]")


def hours_in(text: str) -> list[str]:
    """Return the times of day in a text, and the numbers that may be moments."""
    return _HOUR.findall(text)


def dates_in(text: str) -> list[str]:
    """Return the dates and years in a text."""
    return _DATE.findall(text)


def time_words_in(text: str) -> frozenset[str]:
    """Return the words in a text that speak of dates and times, small and without accents."""
    return _words(text) & (_OF_DAYS | _OF_HOURS)


def speaks_of_time(query: str) -> bool:
    """Whether a query speaks of dates or times; in other letters than those of its languages it counts as if."""
    return bool(time_words_in(query) or _SPAN.search(query) or _OTHER.search(query))


def speaks_of_hours(query: str) -> bool:
    """Whether a query speaks of times within a day."""
    return bool(_words(query) & _OF_HOURS or _SPAN.search(query))


def _words(text: str) -> frozenset[str]:
    plain = "".join(sign for sign in unicodedata.normalize("NFKD", text) if not unicodedata.combining(sign))
    return frozenset(word.lower() for word in _WORD.findall(plain.translate(_PLAIN)))
