# R survey as a contender: reads commands on standard input, answers one line of JSON each.
# Reading the file, svydesign() and calibrate() are not timed; the tables are.
suppressPackageStartupMessages(library(survey))

answer <- function(...) { cat(sprintf(...), "\n", sep = ""); flush(stdout()) }
quoted <- function(text) sprintf("\"%s\"", gsub("[\"\\\\\n\r\t]", " ", text))

read_problem <- function(data, targets) {
  people <- read.csv(data)
  for (name in setdiff(names(people), "w")) people[[name]] <- factor(people[[name]])
  totals <- read.csv(targets)
  plain <- svydesign(~1, weights = ~w, data = people)
  calibrated <- NULL
  if (nrow(totals)) {
    margins <- unique(totals$margin)
    sizes <- lapply(margins, function(m) totals$total[totals$margin == m])
    population <- c(sum(sizes[[1]]), unlist(lapply(sizes, function(t) t[-1])))
    names(population) <- c("(Intercept)", unlist(lapply(margins, function(m)
      paste0(m, levels(people[[m]])[-1]))))
    calibrated <- calibrate(svydesign(~1, weights = ~one, data = transform(people, one = 1)),
                            reformulate(margins), population, calfun = "linear")
  }
  list(plain = plain, calibrated = calibrated,
       items = grep("^q", names(people), value = TRUE),
       columns = grep("^b_", names(people), value = TRUE))
}

cube <- function(p) {
  unlist(lapply(p$items, function(item) lapply(p$columns, function(column) {
    cells <- reformulate(c(item, column))
    test <- suppressWarnings(svychisq(cells, p$plain, statistic = "F"))
    as.numeric(svytable(cells, p$plain))
  })))
}

items <- function(p) {
  unlist(lapply(p$items, function(item) {
    found <- svyby(reformulate(item), as.formula(paste0("~", p$columns[1])), p$calibrated, svymean,
                   na.rm = TRUE)
    k <- nlevels(p$calibrated$variables[[item]])
    # Answers by columns, estimates then errors.
    c(as.numeric(as.matrix(found[, 1 + seq_len(k)])), as.numeric(as.matrix(SE(found))))
  }))
}

answer("{\"survey\": %s, \"R\": %s}", quoted(as.character(packageVersion("survey"))),
       quoted(paste(R.version$major, R.version$minor, sep = ".")))
input <- file("stdin", "r")
problem <- NULL
while (length(line <- readLines(input, 1)) > 0) {
  words <- strsplit(line, "\t")[[1]]
  tryCatch({
    if (words[1] == "load") {
      problem <- read_problem(words[2], words[3])
      answer("{}")
    } else {
      invisible(gc())
      seconds <- system.time(done <- switch(words[2], cube = cube(problem), items = items(problem))
                             )[["elapsed"]]
      if (length(words) > 2) writeBin(as.numeric(done), words[3])
      answer("{\"seconds\": %.6f, \"warning\": \"\"}", seconds)
    }
  }, error = function(e) answer("{\"error\": %s}", quoted(conditionMessage(e))))
}
