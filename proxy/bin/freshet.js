#!/usr/bin/env node
import "../dist/bundle/freshet.js";
