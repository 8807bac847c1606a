# R survey as a contender: reads commands on standard input, answers one line of JSON each.
# Only the call to calibrate() or rake() is timed; reading the file and svydesign() are not.
suppressPackageStartupMessages(library(survey))

answer <- function(...) { cat(sprintf(...), "\n", sep = ""); flush(stdout()) }
quoted <- function(text) sprintf("\"%s\"", gsub("[\"\\\\\n\r\t]", " ", text))

read_problem <- function(data, targets) {
  people <- read.csv(data)
  margins <- setdiff(names(people), "weight")
  for (m in margins) people[[m]] <- factor(people[[m]])
  wanted <- read.csv(targets)
  totals <- lapply(margins, function(m) wanted$total[wanted$margin == m])
  # What calibrate() wants: a total per column of the model matrix, so no first levels.
  population <- c(sum(totals[[1]]), unlist(lapply(totals, function(t) t[-1])))
  names(population) <- c("(Intercept)", unlist(lapply(margins, function(m)
    paste0(m, levels(people[[m]])[-1]))))
  list(
    design = svydesign(~1, weights = ~weight, data = people),
    formula = reformulate(margins), population = population,
    margins = lapply(margins, reformulate),
    tables = Map(function(m, t) setNames(data.frame(levels(people[[m]]), t), c(m, "Freq")),
                 margins, totals),
    smallest = min(unlist(totals)) / sum(totals[[1]])
  )
}

run <- function(p, how, tolerance, lower, upper) {
  switch(how,
    raking = calibrate(p$design, p$formula, p$population, calfun = "raking",
                       epsilon = tolerance, maxit = 1000),
    logit = calibrate(p$design, p$formula, p$population, calfun = "logit",
                      bounds = c(lower, upper), epsilon = tolerance, maxit = 1000),
    linear = calibrate(p$design, p$formula, p$population, calfun = "linear"),
    # rake() stops when no cell changes by more than this part of the sum of the weights, which
    # says little about the margins; a fiftieth brings them within the tolerance.
    rake = rake(p$design, p$margins, unname(p$tables),
                control = list(maxit = 1000, epsilon = tolerance * p$smallest / 50)))
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
      numbers <- as.numeric(words[3:5])
      warned <- ""
      invisible(gc())
      seconds <- system.time(withCallingHandlers(
        done <- run(problem, words[2], numbers[1], numbers[2], numbers[3]),
        warning = function(w) { warned <<- conditionMessage(w); invokeRestart("muffleWarning") }
      ))[["elapsed"]]
      if (length(words) > 5) writeBin(as.numeric(weights(done)), words[6])
      answer("{\"seconds\": %.6f, \"warning\": %s}", seconds, quoted(warned))
    }
  }, error = function(e) answer("{\"error\": %s}", quoted(conditionMessage(e))))
}
